//! The terms of a payment as they stand on the ledger: institutions, codes and amounts in clear, every party's datum as a
//! salted commitment. Shared by all kinds of instruction that pay.

use crate::authority::Authority;
use crate::business_day::check_overnight;
use crate::execution::{Execution, Item, Route};
use crate::posting::Transfer;
use crate::records::{AccountClass, CountedHours, InstructionKey, Money, RecordKind};
use crate::rejection::Rejection;
use crate::rulebook::Permission;
use crate::state::State;
use crate::supervision::{Side, Use};
use crate::travel_rule::{self, Counted};
use crate::usage::{self, Flow};
use crate::{checks, limits, purposes, queue, supervision};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, CurrencyCode, Date, ExternalCode, Hash, Lei,
    Max35Text, Movement, Timestamp, Uetr,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most commitments to parties' data in one payment.
pub const COMMITMENTS_MAX: usize = 10;

/// Whether the licences of one side of a payment allow it.
pub(crate) fn check_payment_licence(
    (state, time): (&State, Timestamp),
    (side, agent, participant, account): (Side, &AgentIdentification, Lei, Option<&AccountNumber>),
    other: Lei,
    (kind, currency, amount): (PaymentKind, CurrencyCode, Amount),
) -> Result<(), Rejection> {
    let home = |lei| supervision::home(state, lei);
    let (Some(jurisdiction), Some(counterparty)) = (home(participant), home(other)) else {
        return Ok(());
    };
    let permission = match kind {
        PaymentKind::FinancialInstitution => Permission::InstitutionPayment,
        PaymentKind::Customer => Permission::CustomerPayment,
    };
    let permissions = supervision::permissions(state, permission, account);
    let clients = permissions.contains(&Permission::ClientMoney);
    let used = Use {
        side,
        agent,
        participant,
        jurisdiction,
        counterparty,
        permissions: &permissions,
        currency,
        amount,
        winds_down: side == Side::Debtor && clients,
    };
    supervision::check_licence(state, time, &used)
}

/// Which message a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentKind {
    /// Between institutions for themselves (pacs.009).
    FinancialInstitution,
    /// For customers (pacs.008).
    Customer,
}

/// Settlement priority (`SttlmPrty`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Priority {
    /// URGT.
    Urgt,
    /// HIGH.
    High,
    /// NORM.
    Norm,
}

/// Who bears the charges (`ChrgBr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChargeBearer {
    /// The debtor.
    Debt,
    /// The creditor.
    Cred,
    /// Shared.
    Shar,
    /// By service level.
    Slev,
}

/// What becomes of a payment that is not covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum OnShortage {
    /// It waits in the queue.
    Queue,
    /// It is refused.
    Refuse,
}

/// Which party datum a commitment is to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PartyDatum {
    /// The debtor's name and address.
    Debtor,
    /// The debtor's account.
    DebtorAccount,
    /// The creditor's name and address.
    Creditor,
    /// The creditor's account.
    CreditorAccount,
    /// The ultimate debtor.
    UltimateDebtor,
    /// The ultimate creditor.
    UltimateCreditor,
    /// The remittance information.
    Remittance,
    /// Regulatory reporting details.
    RegulatoryReporting,
    /// The party that initiated the payment.
    InitiatingParty,
    /// Instructions for agents.
    AgentInstructions,
}

impl PartyDatum {
    /// The label inside the commitment.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Debtor => "debtor",
            Self::DebtorAccount => "debtor-account",
            Self::Creditor => "creditor",
            Self::CreditorAccount => "creditor-account",
            Self::UltimateDebtor => "ultimate-debtor",
            Self::UltimateCreditor => "ultimate-creditor",
            Self::Remittance => "remittance",
            Self::RegulatoryReporting => "regulatory-reporting",
            Self::InitiatingParty => "initiating-party",
            Self::AgentInstructions => "agent-instructions",
        }
    }
}

/// A salted commitment to a party's datum, see `karwan_types::PaymentSalt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartyCommitment {
    /// Which datum.
    pub datum: PartyDatum,
    /// The commitment.
    pub commitment: Hash,
}

/// One payment, as pacs.008 and pacs.009 describe it, without personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentTerms {
    /// Which message it is.
    #[schemars(extend("x-default" = "FINANCIAL_INSTITUTION"))]
    pub kind: PaymentKind,
    /// `InstrId`.
    pub instruction_id: Option<Max35Text>,
    /// `EndToEndId`.
    #[schemars(extend("x-default" = "NOTPROVIDED"))]
    pub end_to_end_id: Max35Text,
    /// `UETR`.
    #[schemars(extend("x-generated" = true))]
    pub uetr: Uetr,
    /// The currency of `IntrBkSttlmAmt`.
    pub currency: CurrencyCode,
    /// `IntrBkSttlmAmt` in minor units.
    pub amount: Amount,
    /// `IntrBkSttlmDt`; none means the business date of settlement.
    pub settlement_date: Option<Date>,
    /// The institution debited.
    #[schemars(extend("x-alias" = "from"))]
    pub debtor_agent: AgentIdentification,
    /// Its account; none means its settlement account in the currency.
    #[schemars(extend("x-alias" = "from-account"))]
    pub debtor_account: Option<AccountNumber>,
    /// The institution credited.
    #[schemars(extend("x-alias" = "to"))]
    pub creditor_agent: AgentIdentification,
    /// Its account; none means its settlement account in the currency.
    #[schemars(extend("x-alias" = "to-account"))]
    pub creditor_account: Option<AccountNumber>,
    /// `ChrgBr`.
    pub charge_bearer: Option<ChargeBearer>,
    /// `SttlmPrty`.
    #[schemars(extend("x-default" = "NORM"))]
    pub priority: Priority,
    /// What becomes of it when it is not covered.
    #[schemars(extend("x-default" = "QUEUE"))]
    pub on_shortage: OnShortage,
    /// Not before (`FrTm`).
    pub from_time: Option<Timestamp>,
    /// Wanted by (`TillTm`); passing it only warns.
    pub till_time: Option<Timestamp>,
    /// Refused after (`RjctTm`).
    pub reject_time: Option<Timestamp>,
    /// `Purp/Cd`.
    pub purpose: Option<ExternalCode>,
    /// The national purpose code (PK 4 digits, KG 8 digits).
    pub local_purpose: Option<Max35Text>,
    /// Commitments to the parties' data, each datum at most once, in order.
    #[schemars(extend("x-hidden" = true))]
    pub commitments: Vec<PartyCommitment>,
    /// The hash of the message as received; it covers everything in it.
    #[schemars(extend("x-hidden" = true))]
    pub message_hash: Option<Hash>,
    /// The salted commitment to the IVMS101 data of originator and beneficiary.
    pub ivms_commitment: Option<Hash>,
    /// The same for all payments between the same originator and beneficiary, and telling nothing else of them.
    pub pair_tag: Option<Hash>,
}

impl PaymentTerms {
    pub(crate) fn check_alone(&self) -> Result<(), Rejection> {
        let ordered = self
            .commitments
            .windows(2)
            .all(|pair| pair[0].datum < pair[1].datum);
        if self.commitments.len() > COMMITMENTS_MAX || !ordered {
            return Err(Rejection::InvalidField {
                field: "commitments",
                rule: "must be at most 10, each datum once and in order",
            });
        }
        checks::amount_alone(self.amount)
    }
    /// The debtor agent on the ledger.
    pub(crate) fn debtor(&self, state: &State) -> Result<Lei, Rejection> {
        state
            .agent(&self.debtor_agent)
            .ok_or_else(|| Rejection::DebtorAgentUnknown {
                agent: self.debtor_agent.clone(),
            })
    }
    /// Who must sign it: its debtor agent, for its amount.
    pub(crate) fn authority(&self, state: &State) -> Result<Authority, Rejection> {
        let money = Some((self.currency, self.amount));
        Ok(Authority::of(self.debtor(state)?, money))
    }
    /// The account that it debits, as far as that can be told: the one given, or the settlement account.
    pub(crate) fn debit_account(&self, state: &State) -> Option<AccountNumber> {
        let debtor = state.agent(&self.debtor_agent)?;
        let usual = || state.settlement_account(&debtor, &self.currency).cloned();
        self.debtor_account.clone().or_else(usual)
    }
    /// The item that this payment is, when its debtor agent is on the ledger.
    pub(crate) fn item(&self, state: &State, kind: RecordKind) -> Option<Item> {
        let debtor_agent = state.agent(&self.debtor_agent)?;
        let creditor_agent = state.agent(&self.creditor_agent);
        let account = |given: &Option<AccountNumber>, owner: Option<Lei>| {
            given
                .clone()
                .or_else(|| state.settlement_account(&owner?, &self.currency).cloned())
        };
        Some(Item {
            key: InstructionKey {
                agent: debtor_agent,
                uetr: self.uetr,
            },
            kind,
            movement: Movement {
                uetr: self.uetr,
                debtor_agent,
                creditor_agent,
                debtor_account: account(&self.debtor_account, Some(debtor_agent)),
                creditor_account: account(&self.creditor_account, creditor_agent),
                currency: self.currency,
                amount: self.amount,
                message_hash: self.message_hash,
            },
        })
    }
    /// Checks 6 to 12, everything but the funds, for a payment that may not wait for its time.
    pub(crate) fn check(&self, state: &State, time: Timestamp) -> Result<Route, Rejection> {
        checks::cut_off(state, time, self)?;
        let (route, from) = self.examine(state, time)?;
        if from > time {
            return Err(Rejection::FromTimeAhead { from });
        }
        Ok(route)
    }
    /// Checks 6 to 12. Also says from when on the payment may settle: now, or at a later time or date that it asks for.
    pub(crate) fn examine(
        &self,
        state: &State,
        time: Timestamp,
    ) -> Result<(Route, Timestamp), Rejection> {
        let examined = self.examine_but_attestation(state, time)?;
        self.check_attested(state, time)?;
        Ok(examined)
    }
    /// Whether the creditor agent has attested the payment, if it must. Comes after everything that refuses, because a payment may
    /// wait for it.
    fn check_attested(&self, state: &State, time: Timestamp) -> Result<(), Rejection> {
        travel_rule::check_attested(state, time, [self], &Counted::default())
            .map_err(|(_, rejection)| rejection)
    }
    /// The same checks without the one attestation that a payment may wait for.
    pub(crate) fn examine_but_attestation(
        &self,
        state: &State,
        time: Timestamp,
    ) -> Result<(Route, Timestamp), Rejection> {
        let from = checks::times(state, time, self)?;
        let debtor = checks::debtor_agent(state, &self.debtor_agent)?;
        let creditor = checks::creditor_agent(state, &self.creditor_agent)?;
        self.check_licences(state, time, (debtor, creditor))?;
        checks::currency_moves(state, self.currency)?;
        let route = self.route(state, debtor, creditor)?;
        checks::amount_limits(state, self.currency, self.amount)?;
        let money = Money {
            currency: self.currency,
            amount: self.amount,
        };
        let sum = (self.currency, self.amount);
        usage::check_payment(state, (debtor, creditor), sum)?;
        checks::rulebook(state, time, (debtor, creditor), money)?;
        purposes::check(state, (debtor, creditor), self)?;
        travel_rule::check_data(state, time, self)?;
        checks::stops(state, time, &route)?;
        check_overnight(state, &route.credit)?;
        Ok((route, from))
    }
    /// Where it stands while its currency is halted or an order stops it: checks 7 and 9, which tell whose accounts are concerned.
    pub(crate) fn stand(&self, state: &State) -> Result<Route, Rejection> {
        let debtor = checks::debtor_agent(state, &self.debtor_agent)?;
        let creditor = checks::creditor_agent(state, &self.creditor_agent)?;
        self.route(state, debtor, creditor)
    }
    /// Check 9.
    fn route(&self, state: &State, debtor: Lei, creditor: Lei) -> Result<Route, Rejection> {
        let classes: &[AccountClass] = match self.kind {
            PaymentKind::FinancialInstitution => &[AccountClass::Settlement],
            // Client money may pay for clients, never for the house.
            PaymentKind::Customer => &[AccountClass::Settlement, AccountClass::ClientSegregated],
        };
        checks::route(
            state,
            self.currency,
            (debtor, &self.debtor_agent, self.debtor_account.as_ref()),
            (
                creditor,
                &self.creditor_agent,
                self.creditor_account.as_ref(),
            ),
            classes,
        )
    }
    /// The part of checks 7 and 8 that concerns licences, for both institutions.
    fn check_licences(
        &self,
        state: &State,
        time: Timestamp,
        (debtor, creditor): (Lei, Lei),
    ) -> Result<(), Rejection> {
        let (debit, credit) = (
            self.debit_account(state),
            self.credit_account(state, creditor),
        );
        let sides = [
            (Side::Debtor, &self.debtor_agent, debtor, debit, creditor),
            (
                Side::Creditor,
                &self.creditor_agent,
                creditor,
                credit,
                debtor,
            ),
        ];
        for (side, agent, participant, account, other) in sides {
            check_payment_licence(
                (state, time),
                (side, agent, participant, account.as_ref()),
                other,
                (self.kind, self.currency, self.amount),
            )?;
        }
        Ok(())
    }
    /// The account that it credits, as far as that can be told.
    pub(crate) fn credit_account(&self, state: &State, creditor: Lei) -> Option<AccountNumber> {
        let usual = || state.settlement_account(&creditor, &self.currency).cloned();
        self.creditor_account.clone().or_else(usual)
    }
    /// Checks 6 to 13 and the movement itself.
    pub(crate) fn settle(&self, state: &mut State, time: Timestamp) -> Result<(), Rejection> {
        let route = self.check(state, time)?;
        self.transfer(state, time, &route)
    }
    /// The payment as the limits of its institutions see it.
    pub(crate) fn flow(&self, state: &State) -> Result<Flow, Rejection> {
        Ok(Flow {
            debtor: self.debtor(state)?,
            creditor: checks::creditor_agent_known(state, &self.creditor_agent)?,
            currency: self.currency,
            amount: self.amount,
            counted: CountedHours::default(),
        })
    }
    /// Checks 12 and 13 and the movement: limits hold, nothing of the account's queue is passed, and the money is there.
    fn transfer(&self, state: &mut State, time: Timestamp, route: &Route) -> Result<(), Rejection> {
        let transfers = [Transfer {
            debit: route.debit.clone(),
            credit: route.credit.clone(),
            amount: self.amount,
            class: self.priority,
        }];
        let flows = usage::flows(state, &transfers);
        usage::check(state, time, &flows).map_err(|(_, why)| why)?;
        if queue::is_behind(state, &route.debit, self.priority, time) {
            return Err(Rejection::BehindQueue {
                account: route.debit.clone(),
            });
        }
        limits::settle(state, time, &transfers)?;
        travel_rule::consume(state, time, [self]);
        Ok(())
    }
    /// Settles, queues or refuses one payment by itself.
    pub(crate) fn pay(&self, execution: &mut Execution<'_>, item: &Item) {
        let time = execution.time;
        let in_time = checks::cut_off(execution.state, time, self);
        let examined = in_time.and_then(|()| self.examine_but_attestation(execution.state, time));
        let (route, from) = match examined {
            Ok(examined) => examined,
            Err(rejection) => return execution.refuse(item, &rejection),
        };
        let settled = match self.check_attested(execution.state, time) {
            Ok(()) if from > time => Ok(false),
            Ok(()) => {
                let transferred = self.transfer(execution.state, time, &route);
                transferred.map(|()| true)
            }
            Err(missing) => Err(missing),
        };
        match settled {
            Ok(true) => execution.settled(item),
            Err(rejection) if self.on_shortage == OnShortage::Refuse || !rejection.waits() => {
                execution.refuse(item, &rejection);
            }
            Ok(false) | Err(_) => execution.enqueue(item, self, (route, from)),
        }
    }
    /// A well-formed payment, for golden bytes and documentation.
    #[must_use]
    pub fn example() -> Self {
        Self {
            kind: PaymentKind::Customer,
            instruction_id: Some("INSTR-1".parse().expect("constant")),
            end_to_end_id: "E2E-1".parse().expect("constant"),
            uetr: "8a562c67-ca16-48ba-b074-65581be6f001"
                .parse()
                .expect("constant"),
            currency: "PKR".parse().expect("constant"),
            amount: Amount::from_minor(1_234_500),
            settlement_date: Some(Date::parse("2026-11-23").expect("constant")),
            debtor_agent: "KRVNPKKA".parse().expect("constant"),
            debtor_account: None,
            creditor_agent: "KGBIK:109001".parse().expect("constant"),
            creditor_account: Some("1090010000000001".parse().expect("constant")),
            charge_bearer: Some(ChargeBearer::Shar),
            priority: Priority::Norm,
            on_shortage: OnShortage::Queue,
            from_time: None,
            till_time: None,
            reject_time: None,
            purpose: Some("GDDS".parse().expect("constant")),
            local_purpose: None,
            commitments: vec![PartyCommitment {
                datum: PartyDatum::Debtor,
                commitment: Hash::from_bytes([9; 32]),
            }],
            message_hash: Some(Hash::from_bytes([7; 32])),
            ivms_commitment: Some(Hash::from_bytes([5; 32])),
            pair_tag: Some(Hash::from_bytes([6; 32])),
        }
    }
}
