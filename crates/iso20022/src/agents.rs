//! Institutions: how a message names one, and which two of them settle.
//!
//! **Which two settle.** A payment may pass several institutions (`DbtrAgt` … `CdtrAgt`), and each leg between two of
//! them is a message of its own, from the instructing agent to the instructed agent. An RTGS system debits the
//! participant that instructs and credits the participant that is instructed, not the first and the last bank of the
//! chain: these may have no account in the system at all. So the debited institution is `InstgAgt`, and only where
//! the message has none, `DbtrAgt` (in pacs.009 without `DbtrAgt`, the debtor, which is an institution); the credited
//! one is `InstdAgt`, else `CdtrAgt`, else the creditor. Nothing is refused for a chain; [`NamedAgents`] keeps all as
//! named. A message in which a third bank is instructed still settles rightly: the first leg here, the next leg by a
//! message of the instructed agent.
//!
//! **Which account.** The account given beside the settling institution in its own role (`DbtrAgtAcct`, or `DbtrAcct`
//! where the debtor itself settles; likewise on the other side), else `SttlmAcct` when the method is INDA (the
//! instructing agent's account) or INGA (the instructed agent's). Without one the ledger takes the institution's
//! settlement account.

use crate::cursor::Cursor;
use crate::group::Group;
use crate::parties::read_account;
use crate::profile::SettlementMethod;
use crate::refusal::{IsoReason, Refusal, quoted};
use crate::transfer::{NamedAgents, TransferKind};
use karwan_types::{AccountNumber, AgentIdentification, Bic, ClearingMember, Lei, Max35Text};

/// Clearing systems whose member numbers have a known form: the system's code and the number of digits.
const MEMBER_DIGITS: &[(&str, usize)] = &[
    // Kyrgyz bank identification codes (BIK). The code is Karwan's own: the ISO list has none for Kyrgyzstan.
    ("KGBIK", 6),
];

/// Whose institution it is, for the reason of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgentSide {
    /// The debtor's.
    Debtor,
    /// The creditor's.
    Creditor,
    /// A sender or receiver.
    Other,
}

impl AgentSide {
    const fn bank(self) -> IsoReason {
        match self {
            Self::Debtor => IsoReason::InvalidDebtorBank,
            Self::Creditor => IsoReason::InvalidCreditorBank,
            Self::Other => IsoReason::InvalidBank,
        }
    }
    const fn bic(self) -> IsoReason {
        match self {
            Self::Debtor => IsoReason::InvalidDebtorBic,
            Self::Creditor => IsoReason::InvalidCreditorBic,
            Self::Other => IsoReason::InvalidBic,
        }
    }
    const fn member(self) -> IsoReason {
        match self {
            Self::Debtor => IsoReason::InvalidDebtorMember,
            Self::Creditor => IsoReason::InvalidCreditorMember,
            Self::Other => IsoReason::InvalidMember,
        }
    }
    const fn account(self) -> IsoReason {
        match self {
            Self::Debtor | Self::Other => IsoReason::InvalidDebtorAccount,
            Self::Creditor => IsoReason::InvalidCreditorAccount,
        }
    }
}

/// The institutions and accounts that settle, and the agents as named.
pub(crate) struct Settlement {
    pub(crate) debtor: AgentIdentification,
    pub(crate) debtor_account: Option<AccountNumber>,
    pub(crate) creditor: AgentIdentification,
    pub(crate) creditor_account: Option<AccountNumber>,
    pub(crate) named: NamedAgents,
}

/// Reads the agents of one payment.
pub(crate) fn read_settlement(
    transaction: &Cursor<'_>,
    group: &Group,
) -> Result<Settlement, Refusal> {
    let instructing = one_level(
        transaction,
        "InstgAgt",
        AgentSide::Debtor,
        group.instructing.as_ref(),
    )?;
    let instructed = one_level(
        transaction,
        "InstdAgt",
        AgentSide::Creditor,
        group.instructed.as_ref(),
    )?;
    let debtor = read_side(transaction, group.kind, &DEBTOR)?;
    let creditor = read_side(transaction, group.kind, &CREDITOR)?;
    let settlement_account = |method: SettlementMethod| {
        (group.method == method)
            .then(|| group.settlement_account.clone())
            .flatten()
    };
    let account = |side: &Side, settling: &AgentIdentification, method: SettlementMethod| {
        let own = (side.agent == *settling)
            .then(|| side.account.clone())
            .flatten();
        own.or_else(|| settlement_account(method))
    };
    let debited = instructing.clone().unwrap_or_else(|| debtor.agent.clone());
    let credited = instructed.clone().unwrap_or_else(|| creditor.agent.clone());
    Ok(Settlement {
        debtor_account: account(&debtor, &debited, SettlementMethod::InstructedAgent),
        creditor_account: account(&creditor, &credited, SettlementMethod::InstructingAgent),
        debtor: debited,
        creditor: credited,
        named: NamedAgents {
            instructing,
            instructed,
            debtor_side: debtor.agent,
            creditor_side: creditor.agent,
        },
    })
}

/// The elements of one side of a payment.
struct SideElements {
    side: AgentSide,
    agent: &'static str,
    agent_account: &'static str,
    party: &'static str,
    party_account: &'static str,
}

const DEBTOR: SideElements = SideElements {
    side: AgentSide::Debtor,
    agent: "DbtrAgt",
    agent_account: "DbtrAgtAcct",
    party: "Dbtr",
    party_account: "DbtrAcct",
};
const CREDITOR: SideElements = SideElements {
    side: AgentSide::Creditor,
    agent: "CdtrAgt",
    agent_account: "CdtrAgtAcct",
    party: "Cdtr",
    party_account: "CdtrAcct",
};

/// The institution nearest to the customer on one side, and its own account.
struct Side {
    agent: AgentIdentification,
    account: Option<AccountNumber>,
}

fn read_side(
    transaction: &Cursor<'_>,
    kind: TransferKind,
    elements: &SideElements,
) -> Result<Side, Refusal> {
    let side = elements.side;
    let account = |name: &str| read_account(transaction, name, side.account());
    // Both messages name the party; that of an institution payment may settle itself.
    let party = transaction.required(elements.party)?;
    match (transaction.optional(elements.agent)?, kind) {
        (Some(agent), TransferKind::Customer | TransferKind::FinancialInstitution) => Ok(Side {
            agent: read_agent(&agent, side)?,
            account: account(elements.agent_account)?,
        }),
        (None, TransferKind::FinancialInstitution) => Ok(Side {
            agent: read_agent(&party, side)?,
            account: account(elements.party_account)?,
        }),
        (None, TransferKind::Customer) => Err(transaction.missing(elements.agent)),
    }
}

/// ISO 20022 allows the element in the payment or in the group header. Both are taken when they agree.
fn one_level(
    transaction: &Cursor<'_>,
    name: &str,
    side: AgentSide,
    group: Option<&AgentIdentification>,
) -> Result<Option<AgentIdentification>, Refusal> {
    let Some(cursor) = transaction.optional(name)? else {
        return Ok(group.cloned());
    };
    let agent = read_agent(&cursor, side)?;
    if group.is_some_and(|group| *group != agent) {
        let sentence = format!(
            "{name} differs from {name} in the group header. Give it in one of the two places."
        );
        return Err(cursor.refuse(IsoReason::ElementNotAdmitted, sentence));
    }
    Ok(Some(agent))
}

/// An institution by what the ledger knows it by. A branch (`BrnchId`) is not looked at: branches have no account.
pub(crate) fn read_agent(
    agent: &Cursor<'_>,
    side: AgentSide,
) -> Result<AgentIdentification, Refusal> {
    let institution = agent.required("FinInstnId")?;
    read_institution(&institution, side)?.ok_or_else(|| {
        let name = agent.element().name;
        institution.refuse(
            side.bank(),
            format!(
                "{name} is not named by BICFI, by clearing system member number (ClrSysMmbId) or by LEI, so the ledger \
                 cannot tell which institution is meant. Add one of them."
            ),
        )
    })
}

/// `FinInstnId`: the BIC, else the clearing system member number, else the LEI; none when it has none of these.
pub(crate) fn read_institution(
    institution: &Cursor<'_>,
    side: AgentSide,
) -> Result<Option<AgentIdentification>, Refusal> {
    if let Some(cursor) = institution.optional("BICFI")? {
        let text = cursor.text()?;
        let bic = Bic::parse(text).map_err(|error| {
            cursor.refuse(
                side.bic(),
                format!("BICFI is {}: it {}.", quoted(text), error.rule),
            )
        })?;
        return Ok(Some(AgentIdentification::Bic(bic)));
    }
    if let Some(cursor) = institution.optional("ClrSysMmbId")? {
        return match read_member(&cursor, side)? {
            Some(member) => Ok(Some(AgentIdentification::ClearingMember(member))),
            // A header is no payment: FedNow's, for one, leaves out the system of its own numbers.
            None if side == AgentSide::Other => Ok(None),
            None => Err(cursor.refuse(
                side.member(),
                "The clearing system member number stands without its clearing system (ClrSysId), so it may be any \
                 country's. Add the system, for example KGBIK for a Kyrgyz BIK.",
            )),
        };
    }
    if let Some(cursor) = institution.optional("LEI")? {
        let text = cursor.text()?;
        let lei = Lei::parse(text).map_err(|error| {
            cursor.refuse(
                side.bank(),
                format!("LEI is {}: it {}.", quoted(text), error.rule),
            )
        })?;
        return Ok(Some(AgentIdentification::Lei(lei)));
    }
    Ok(None)
}

/// `ClrSysMmbId`; none without the system.
fn read_member(cursor: &Cursor<'_>, side: AgentSide) -> Result<Option<ClearingMember>, Refusal> {
    let number = cursor.required("MmbId")?;
    let member = number.identifier(side.member())?;
    let system = match (cursor.find("ClrSysId/Cd")?, cursor.find("ClrSysId/Prtry")?) {
        (Some(code), _) => code,
        (None, Some(proprietary)) => proprietary,
        (None, None) => return Ok(None),
    };
    let code = system.identifier(side.member())?;
    check_member(&number, &code, &member, side)?;
    Ok(Some(ClearingMember {
        system: code,
        member,
    }))
}

fn check_member(
    number: &Cursor<'_>,
    system: &Max35Text,
    member: &Max35Text,
    side: AgentSide,
) -> Result<(), Refusal> {
    let form = MEMBER_DIGITS
        .iter()
        .find(|(code, _)| *code == system.as_str());
    let Some((code, digits)) = form else {
        return Ok(());
    };
    let text = member.as_str();
    if text.len() == *digits && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    let sentence = format!(
        "MmbId is {}: a number of {code} has {digits} digits.",
        quoted(text)
    );
    Err(number.refuse(side.member(), sentence))
}
