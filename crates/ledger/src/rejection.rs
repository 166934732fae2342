//! Why an instruction is refused: one numbered value for each reason, with its ISO 20022 code, the rule of the
//! semantics that it enforces, and a sentence that says what, whose, which rule and how to mend it.
//!
//! Numbers and names are stable: they stand in receipts. New reasons take new numbers; none is ever reused. The sentences
//! never tell a balance, because both parties of a payment read them.

use crate::rulebook::RulebookError;
use crate::supervision::FreezeKey;
use karwan_types::{
    AccountNumber, AgentIdentification, ChainId, CurrencyCode, Date, EmergencyRuleId, ExternalCode,
    InstructionHash, JurisdictionCode, Max35Text, PublicKey, Refusal, Sentence, Timestamp, Uetr,
};

macro_rules! rejections {
    ($( $(#[$doc:meta])* $number:literal $reason:literal $clause:literal $label:literal
        $name:ident $({ $($field:ident : $type:ty),* })? => $sentence:literal $(, .$holder:ident . $part:ident)* ; )*) => {
        /// A refusal of an instruction. The discriminating number is [`Rejection::code`].
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum Rejection {
            $(
                $(#[$doc])*
                #[error($sentence $(, .$holder.$part)*)]
                $name $({ $(
                    #[doc = concat!("The ", stringify!($field), " concerned.")]
                    $field: $type
                ),* })?,
            )*
        }

        impl Rejection {
            /// The stable number.
            #[must_use]
            pub const fn code(&self) -> u16 {
                match self { $( Self::$name { .. } => $number, )* }
            }
            /// The ISO 20022 external status reason code.
            #[must_use]
            pub const fn reason(&self) -> &'static str {
                match self { $( Self::$name { .. } => $reason, )* }
            }
            /// The stable name.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $( Self::$name { .. } => $label, )* }
            }
            /// The rule that refuses: a section of the semantics, for which the rulebook in force has a clause to cite.
            #[must_use]
            pub const fn rule(&self) -> &'static str {
                match self { $( Self::$name { .. } => $clause, )* }
            }
            /// Every number, reason, rule and name, for the documentation and for the test that they are unique.
            pub const CATALOGUE: &'static [(u16, &'static str, &'static str, &'static str)] =
                &[ $( ($number, $reason, $clause, $label), )* ];
        }
    };
}

rejections! {
    /// The bytes are no transaction.
    101 "FF01" "4.1" "MALFORMED" Malformed { problem: String } => "the transaction cannot be read: {problem}";
    /// A list is too long or empty, or a field breaks a rule that needs no ledger.
    102 "FF01" "4.1" "INVALID_FIELD" InvalidField { field: &'static str, rule: &'static str } => "{field} {rule}";
    /// Signed for another chain.
    201 "FF02" "4.2" "WRONG_CHAIN" WrongChain { found: ChainId } => "the instruction was signed for chain {found}; sign it for this chain";
    /// A signature does not verify.
    401 "DS0B" "4.4" "BAD_SIGNATURE" BadSignature { key: PublicKey } => "the signature of key {key} does not verify; sign the instruction and its expiry again";
    /// A key that the ledger does not know.
    402 "DS0E" "4.4" "UNKNOWN_KEY" UnknownKey { key: PublicKey } => "key {key} is not registered on the ledger";
    /// A key that was rotated away.
    403 "DS0C" "4.4" "REVOKED_KEY" RevokedKey { key: PublicKey } => "key {key} has been revoked; sign with the institution's present key";
    /// A registered key that may not sign this.
    404 "DS0G" "4.4" "SIGNER_NOT_ALLOWED" SignerNotAllowed { key: PublicKey } => "key {key} may not sign this instruction: its holder or its role has no power over it";
    /// No signature at all, or the same key twice.
    405 "DS0B" "4.4" "SIGNATURE_LIST" SignatureList => "an instruction needs between 1 and 16 signatures, each by another key";
    /// An approval of something that is not waiting.
    406 "NARR" "4.4" "NOTHING_TO_APPROVE" NothingToApprove { instruction: InstructionHash } => "no instruction {instruction} is waiting for signatures";
    /// A key that already signed.
    407 "NARR" "4.4" "ALREADY_SIGNED" AlreadySigned { key: PublicKey } => "key {key} has signed this instruction already; another signer must approve it";
    /// The approvals did not come in time.
    408 "AB03" "4.4" "APPROVAL_TIMEOUT" ApprovalTimeout => "the missing signatures did not arrive before the instruction expired; submit it again under a new UETR";
    /// A further signature under an instruction that waits for longer than was signed.
    822 "NARR" "4.4" "EXPIRES_EARLIER" ExpiresEarlier { until: Timestamp } => "the instruction waits for signatures until {until}, and this signature ends before that, so it does not count while others are missing; sign the instruction until then, or approve it";
    /// Separation of duties.
    409 "DS0H" "1" "ROLE_CONFLICT" RoleConflict { key: PublicKey } => "key {key} is registered already; one key holds one role";
    /// The UETR was used for something else.
    501 "DU03" "4.5" "UETR_CONFLICT" UetrConflict { uetr: Uetr } => "UETR {uetr} was used by this debtor agent for another instruction; a new payment needs a new UETR";
    /// The reference was used for something else.
    502 "DU03" "4.5" "REFERENCE_CONFLICT" ReferenceConflict { reference: Max35Text } => "RTGS reference {reference} was used already; each movement of the RTGS account backs one issue or redemption";
    /// The same transaction again.
    503 "DU03" "4.3" "DUPLICATE" Duplicate => "this transaction is on the ledger already; query its outcome";
    /// Expired before inclusion.
    601 "TM01" "4.6" "EXPIRED" Expired { valid_until: Timestamp } => "the instruction expired at {valid_until} and was not included in a block";
    /// Expires too late.
    602 "TM01" "4.6" "VALID_TOO_LONG" ValidTooLong { latest: Timestamp } => "the instruction may expire at {latest} at the latest; sign it with an earlier expiry";
    /// Settlement date in the past.
    603 "DT01" "4.6" "DATE_IN_PAST" DateInPast { date: Date, today: Date } => "settlement date {date} is past, the business date is {today}; send the payment with today's date";
    /// Settlement date in the future.
    604 "DT04" "4.6" "DATE_IN_FUTURE" DateInFuture { date: Date, today: Date } => "settlement date {date} lies ahead, the business date is {today}; send the payment on its date";
    /// Past its reject time.
    605 "AB03" "4.6" "REJECT_TIME_PASSED" RejectTimePassed { reject: Timestamp } => "the payment's reject time {reject} has passed";
    /// Before its from time.
    606 "DT04" "4.6" "FROM_TIME_AHEAD" FromTimeAhead { from: Timestamp } => "the payment may not settle before {from}; send it then";
    /// Outside the issuer's window.
    607 "TM01" "5" "ISSUER_WINDOW_CLOSED" IssuerWindowClosed { currency: CurrencyCode } => "the issuer of {currency} is not open for issue and redemption at this hour";
    /// The hold has expired.
    608 "TM01" "5" "HOLD_EXPIRED" HoldExpired { uetr: Uetr } => "the hold {uetr} has expired and was released";
    /// A hold that expires too early or too late.
    609 "TM01" "5" "HOLD_EXPIRY" HoldExpiry { latest: Timestamp } => "a hold must expire after this block and at {latest} at the latest";
    /// A customer payment for the present business date after its cut-off.
    611 "TM01" "5.day" "CUT_OFF_PASSED" CutOffPassed { currency: CurrencyCode, today: Date } => "customer payments in {currency} for business date {today} were taken until the cut-off; send it for the next business date, or without a date to settle now";
    /// Waited in the queue as long as the rulebook allows.
    610 "AB03" "6" "WAITED_TOO_LONG" WaitedTooLong { until: Timestamp } => "the payment waited for funds until {until}, as long as the rulebook allows; send it again under a new UETR";
    /// Debtor agent unknown.
    701 "DNOR" "4.7" "DEBTOR_AGENT_UNKNOWN" DebtorAgentUnknown { agent: AgentIdentification } => "debtor agent {agent} is not a participant";
    /// Creditor agent unknown.
    702 "CNOR" "4.7" "CREDITOR_AGENT_UNKNOWN" CreditorAgentUnknown { agent: AgentIdentification } => "creditor agent {agent} is not a participant";
    /// Debtor agent suspended.
    703 "AG10" "4.7" "DEBTOR_AGENT_SUSPENDED" DebtorAgentSuspended { agent: AgentIdentification } => "debtor agent {agent} is suspended";
    /// Creditor agent suspended.
    704 "AG11" "4.7" "CREDITOR_AGENT_SUSPENDED" CreditorAgentSuspended { agent: AgentIdentification } => "creditor agent {agent} is suspended";
    /// The kind of institution may not do this.
    801 "AG03" "4.8" "NOT_PERMITTED" NotPermitted { agent: AgentIdentification, activity: &'static str } => "{agent} may not {activity}";
    /// The issuer stopped its currency.
    802 "AG01" "4.8" "CURRENCY_HALTED" CurrencyHalted { currency: CurrencyCode } => "{currency} is halted by its issuer; the payment can be sent again when it resumes";
    /// Nothing to halt or resume.
    803 "NARR" "5" "CURRENCY_STATUS" CurrencyStatus { currency: CurrencyCode } => "{currency} is in that state already";
    /// No licence in force.
    804 "AG03" "4.8" "NO_LICENCE" NoLicence { agent: AgentIdentification, permission: &'static str, jurisdiction: JurisdictionCode } => "{agent} has no licence of {jurisdiction} in force for {permission}";
    /// The licence does not cover this.
    805 "AG01" "4.8" "LICENCE_SCOPE" LicenceScope { agent: AgentIdentification, activity: Max35Text } => "the licence of {agent} for {activity} does not cover this currency or this corridor";
    /// More than the licence allows.
    806 "AM14" "4.8" "LICENCE_CAP" LicenceCap { agent: AgentIdentification, currency: CurrencyCode } => "the amount is above what the licence of {agent} allows in {currency}";
    /// Suspended on the debtor's side.
    807 "AG10" "4.7" "DEBTOR_LICENCE_SUSPENDED" DebtorLicenceSuspended { agent: AgentIdentification, activity: Max35Text, waits: bool } => "the licence of {agent} for {activity} is suspended";
    /// Suspended on the creditor's side.
    808 "AG11" "4.7" "CREDITOR_LICENCE_SUSPENDED" CreditorLicenceSuspended { agent: AgentIdentification, activity: Max35Text, waits: bool } => "the licence of {agent} for {activity} is suspended";
    /// The rulebook has no such activity.
    811 "NARR" "9" "ACTIVITY_UNKNOWN" ActivityUnknown { activity: Max35Text } => "{activity} is not an activity that the institution's jurisdiction licenses";
    /// The kind of institution may not apply.
    812 "AG03" "9" "ACTIVITY_KIND" ActivityKind { activity: Max35Text } => "institutions of this kind cannot be licensed for {activity}";
    /// The documents are not those of the checklist.
    813 "NARR" "9" "CHECKLIST" Checklist { item: Max35Text } => "the application must bring one document for each item of the checklist, in order; {item} is missing or out of place";
    /// The licence is not in a state that allows this.
    814 "NARR" "9" "LICENCE_STATUS" LicenceState { activity: Max35Text, needed: &'static str } => "the licence for {activity} is not {needed}";
    /// A term that is too long or does not lie ahead.
    815 "TM01" "9" "LICENCE_TERM" LicenceTerm { latest: Timestamp } => "the licence must end after it begins and after this block, at {latest} at the latest";
    /// An end that does not lie ahead.
    816 "TM01" "9" "ORDER_TIME" OrderTime { after: Timestamp } => "the order's time must lie after {after}, the time of the block";
    /// A foreign, an issuer's or a missing subject.
    817 "NARR" "9" "NOT_FREEZABLE" NotFreezable { jurisdiction: JurisdictionCode } => "{jurisdiction} may freeze accounts of its own institutions only, and never an issuer's";
    /// A freeze that is too long.
    818 "TM01" "9" "FREEZE_DURATION" FreezeDuration { latest: Timestamp } => "a freeze must end after it begins and after this block, and without a court at {latest} at the latest";
    /// No such freeze.
    819 "NARR" "9" "NOT_FROZEN" NotFrozen { jurisdiction: JurisdictionCode } => "{jurisdiction} has no such freeze in force";
    /// A court has confirmed the freeze.
    820 "NARR" "9" "FREEZE_CONFIRMED" FreezeConfirmed { jurisdiction: JurisdictionCode } => "a court of {jurisdiction} has confirmed the freeze; only the court can change or lift it";
    /// The regulator alone has frozen the subject for as long as it may.
    821 "TM01" "9" "FREEZE_AGAIN" FreezeAgain { again: Timestamp } => "freezes of this subject without a court have lasted as long as the rulebook allows; a new one may be ordered from {again} on, and the next time ask a court before the freeze ends";
    /// No debtor account.
    901 "AC02" "4.9" "DEBTOR_ACCOUNT_MISSING" DebtorAccountMissing { agent: AgentIdentification } => "{agent} has no such account to debit";
    /// No creditor account.
    902 "AC03" "4.9" "CREDITOR_ACCOUNT_MISSING" CreditorAccountMissing { agent: AgentIdentification } => "{agent} has no such account to credit";
    /// Debtor account closed.
    903 "AC05" "4.9" "DEBTOR_ACCOUNT_CLOSED" DebtorAccountClosed { account: AccountNumber } => "debtor account {account} is closed";
    /// Creditor account closed.
    904 "AC07" "4.9" "CREDITOR_ACCOUNT_CLOSED" CreditorAccountClosed { account: AccountNumber } => "creditor account {account} is closed";
    /// Account blocked.
    905 "AC06" "4.9" "ACCOUNT_BLOCKED" AccountBlocked { account: AccountNumber } => "account {account} is blocked";
    /// Debtor account in another currency.
    906 "AC10" "4.9" "DEBTOR_ACCOUNT_CURRENCY" DebtorAccountCurrency { account: AccountNumber, currency: CurrencyCode } => "debtor account {account} is not held in {currency}";
    /// Creditor account in another currency.
    907 "AC11" "4.9" "CREDITOR_ACCOUNT_CURRENCY" CreditorAccountCurrency { account: AccountNumber, currency: CurrencyCode } => "creditor account {account} is not held in {currency}";
    /// The wrong class of debtor account.
    908 "AC13" "4.9" "DEBTOR_ACCOUNT_CLASS" DebtorAccountClass { account: AccountNumber } => "debtor account {account} is of a class that may not fund this payment";
    /// The wrong class of creditor account.
    909 "AC14" "4.9" "CREDITOR_ACCOUNT_CLASS" CreditorAccountClass { account: AccountNumber } => "creditor account {account} is of a class that may not receive this payment";
    /// Debtor and creditor account are one.
    910 "AC03" "4.9" "SAME_ACCOUNT" SameAccount { account: AccountNumber } => "debtor and creditor account are both {account}";
    /// Amount zero.
    1001 "AM01" "4.10" "ZERO_AMOUNT" ZeroAmount => "the amount is zero";
    /// More than 18 digits.
    1002 "AM12" "4.10" "AMOUNT_DIGITS" AmountDigits => "the amount has more than 18 digits";
    /// Currency not enabled.
    1003 "AM03" "4.10" "CURRENCY_NOT_ENABLED" CurrencyNotEnabled { currency: CurrencyCode } => "{currency} is not a settlement currency of this ledger";
    /// Above the maximum.
    1004 "AM13" "4.10" "ABOVE_MAXIMUM" AboveMaximum { currency: CurrencyCode } => "the amount is above the system maximum for {currency}";
    /// Below the minimum.
    1005 "AM15" "4.10" "BELOW_MINIMUM" BelowMinimum { currency: CurrencyCode } => "the amount is below the minimum for {currency}";
    /// Above the issuer's cap.
    1006 "AM13" "5" "SUPPLY_CAP" SupplyCap { currency: CurrencyCode } => "the issue would pass the supply cap of {currency}";
    /// More than what is pending or returnable.
    1007 "AM09" "5" "EXCEEDS_PENDING" ExceedsPending { uetr: Uetr } => "the amount exceeds what is left of {uetr}";
    /// Above what the rulebook allows.
    1008 "AM13" "4.10" "ABOVE_RULEBOOK_MAXIMUM" AboveRulebookMaximum { currency: CurrencyCode, national: Option<JurisdictionCode> } => "the amount is above the rulebook's maximum for {currency}; split it only as the rulebook allows, or use the RTGS system";
    /// Both parties in one jurisdiction.
    1101 "RR04" "4.11" "DOMESTIC_PAYMENT" DomesticPayment { jurisdiction: JurisdictionCode } => "debtor and creditor agent are both in {jurisdiction}, whose rules keep domestic payments in its own RTGS system";
    /// An emergency rule of a jurisdiction.
    1102 "RR04" "4.11" "EMERGENCY_RULE" EmergencyStop { rule: EmergencyRuleId } => "emergency rule {} of {} stops the payment; send it again when the rule has lapsed", .rule.number, .rule.jurisdiction;
    /// Stopped by an order that a receipt may not name.
    1103 "RR04" "4.11" "REGULATORY_STOP" StoppedByAuthority { order: FreezeKey } => "the payment is stopped by a regulatory rule; the receipt holds a commitment that the authority can open";
    /// A payment for a customer that does not say what for.
    1104 "FF07" "4.11" "PURPOSE_MISSING" PurposeMissing { from: JurisdictionCode, to: JurisdictionCode } => "a payment for a customer from {from} to {to} must say what it is for; give the purpose code (Purp/Cd)";
    /// A purpose that the corridor does not know.
    1105 "FF07" "4.11" "PURPOSE_UNKNOWN" PurposeUnknown { purpose: ExternalCode, from: JurisdictionCode, to: JurisdictionCode } => "{purpose} is not a purpose that the rulebook knows for payments from {from} to {to}";
    /// A national code that does not belong to the purpose.
    1106 "FF07" "4.11" "LOCAL_PURPOSE" LocalPurpose { code: Max35Text, purpose: ExternalCode } => "national purpose code {code} belongs to {purpose} in the list of neither the debtor's nor the creditor's country; give a code of one of the two that does, or none";
    /// A purpose that the corridor forbids.
    1107 "RR04" "4.11" "PURPOSE_FORBIDDEN" PurposeForbidden { purpose: ExternalCode, from: JurisdictionCode, to: JurisdictionCode } => "payments from {from} to {to} may not be made for {purpose}";
    /// More than the corridor allows for the purpose.
    1108 "AM14" "4.11" "PURPOSE_CAP" PurposeCap { purpose: ExternalCode, currency: CurrencyCode } => "the amount is above the largest payment in {currency} that the rulebook allows for {purpose} between these two countries";
    /// What the authorities are told is missing.
    1109 "RR05" "4.11" "REPORTING_MISSING" ReportingMissing { purpose: ExternalCode } => "a payment for {purpose} between these two countries must bring regulatory reporting (RgltryRptg); the ledger keeps a commitment to it";
    /// The Travel Rule applies, and the payment has no data of its parties.
    1110 "RR02" "8.1" "TRAVEL_DATA_MISSING" TravelDataMissing { currency: CurrencyCode } => "a customer payment of this much {currency}, alone or with earlier ones between the same persons, needs the data of originator and beneficiary; send it with its IVMS101 commitment";
    /// The creditor agent has not attested the payment.
    1111 "RR03" "8.1" "ATTESTATION_MISSING" AttestationMissing { agent: AgentIdentification } => "creditor agent {agent} has not attested the payment, which the Travel Rule asks for from this amount on, alone or with earlier ones between the same persons";
    /// The attestation did not come in time.
    1112 "RR03" "8.1" "ATTESTATION_TIMEOUT" AttestationTimeout { until: Timestamp } => "the creditor agent did not attest the payment until {until}; ask it why, and send the payment again under a new UETR";
    /// Nobody can attest.
    1113 "RR03" "8.1" "PAYEE_KEY_NOT_SET" PayeeKeyNotSet { agent: AgentIdentification } => "creditor agent {agent} has no compliance key on the ledger, so that nobody can attest the payment";
    /// An attestation of something else than the payment.
    1114 "NARR" "8.1" "ATTESTATION_DIFFERS" AttestationDiffers { uetr: Uetr, field: &'static str } => "the attestation says another {field} than payment {uetr}; compare it with the payment as the ledger has it";
    /// An attestation that is over, or lasts too long.
    1115 "TM01" "8.1" "ATTESTATION_EXPIRY" AttestationExpiry { latest: Timestamp } => "an attestation must expire after this block and at {latest} at the latest";
    /// An attestation under a rulebook that never was in force.
    1116 "FF02" "8.1" "ATTESTATION_RULEBOOK" AttestationRulebook { active: u32 } => "the attestation names a version of the rulebook that has never been in force; version {active} is in force";
    /// Nothing to attest.
    1117 "NARR" "8.1" "TRAVEL_RULE_OFF" TravelRuleOff => "the rulebook in force does not apply the Travel Rule, so that there is nothing to attest";
    /// More than a payment of such an institution may be.
    1201 "AM14" "4.10" "PAYMENT_LIMIT" PaymentLimit { currency: CurrencyCode, national: Option<JurisdictionCode> } => "the amount is above the largest payment in {currency} that the rulebook allows to one of the two institutions; split it only as the rulebook allows, or use the RTGS system";
    /// More than an institution may pay or receive in 24 hours, or hold. It does not say which of them is used up, nor on which
    /// side: the other party reads it too.
    1202 "AM23" "4.12" "CUMULATIVE_LIMIT" CumulativeLimit { currency: CurrencyCode, national: Option<JurisdictionCode>, waits: bool } => "the payment would pass what the rulebook allows one of the two institutions to pay or receive in 24 hours, or to hold, in {currency}; it can settle when there is room again, and never if it is above the limit by itself";
    /// Not enough money.
    1301 "AM04" "4.13" "INSUFFICIENT_FUNDS" InsufficientFunds { account: AccountNumber } => "account {account} does not hold enough available funds";
    /// Earlier payments wait.
    1302 "AM04" "6" "BEHIND_QUEUE" BehindQueue { account: AccountNumber } => "earlier payments of account {account} in the same or a higher class wait for funds, and this one may not pass them";
    /// No room in the queue.
    1304 "AM04" "6" "QUEUE_FULL" QueueFull { account: AccountNumber } => "as many payments of account {account} wait for funds as the rulebook allows; cancel some or fund the account";
    /// The debtor's own limit.
    1303 "AM23" "6" "BILATERAL_LIMIT" BilateralLimit { currency: CurrencyCode } => "the debtor's own limit on what it pays this counterparty in {currency} is reached";
    /// A referenced instruction does not exist.
    1401 "NOOR" "5" "ORIGINAL_UNKNOWN" OriginalUnknown { uetr: Uetr } => "no instruction {uetr} of that agent is on the ledger, or its retention has ended";
    /// A referenced instruction is of another kind.
    1402 "NARR" "5" "ORIGINAL_KIND" OriginalKind { uetr: Uetr, needed: &'static str } => "{uetr} is not {needed}";
    /// A referenced instruction is not open any more, or not yet.
    1403 "NARR" "5" "ORIGINAL_STATUS" OriginalStatus { uetr: Uetr, status: &'static str } => "{uetr} has status {status}, which does not allow this";
    /// Too late to cancel.
    1404 "PTNA" "5" "SETTLED_ALREADY" SettledAlready { uetr: Uetr } => "{uetr} has settled and is final; ask the creditor agent for a return";
    /// Returned in full.
    1405 "ARDT" "5" "RETURNED_ALREADY" ReturnedAlready { uetr: Uetr } => "{uetr} has been returned in full already";
    /// A return of a return.
    1406 "AG13" "5" "RETURN_OF_RETURN" ReturnOfReturn { uetr: Uetr } => "{uetr} is itself a return and cannot be returned";
    /// One leg of a linked set fails.
    1407 "NARR" "5" "LEG_FAILED" LegFailed { leg: usize, cause: &'static str } => "nothing settled, because leg {leg} (counted from 0) was refused: {cause}";
    /// Not in the queue.
    1408 "AG08" "6" "NOT_QUEUED" NotQueued { uetr: Uetr } => "{uetr} does not wait in the queue";
    /// The recall window of the reason is over.
    1409 "NOOR" "5" "RECALL_TOO_LATE" RecallTooLate { uetr: Uetr, reason: ExternalCode, latest: Timestamp } => "{uetr} could be recalled for {reason} until {latest}; ask the creditor agent to return it of its own accord";
    /// A recall is open already.
    1410 "NARR" "5" "RECALL_OPEN" RecallOpen { uetr: Uetr, since: Timestamp } => "a recall of {uetr} has been open since {since}; wait for its answer before you ask again";
    /// No recall is open.
    1411 "NOOR" "5" "NO_RECALL" NoRecall { uetr: Uetr } => "no recall of {uetr} is open; there is nothing to answer, and money goes back by a return";
    /// The creditor agent does not give the money back. Stands in the outcome of the recall under the reason that it gives.
    1412 "NARR" "5" "RECALL_REJECTED" RecallRejected { uetr: Uetr } => "the creditor agent does not return {uetr}, for the reason given here; ask it, or a court";
    /// The validators do not form a set.
    1501 "NARR" "12" "VALIDATOR_SET" ValidatorSetInvalid { problem: String } => "the new validator set is not valid: {problem}";
    /// A change is under way.
    1502 "NARR" "12" "VALIDATOR_CHANGE_PENDING" ValidatorChangePending => "another validator set change takes effect at the same height; submit this one again in the next block";
    /// A jurisdiction that the ledger does not know.
    1503 "NARR" "12" "JURISDICTION_UNKNOWN" JurisdictionUnknown { jurisdiction: JurisdictionCode } => "{jurisdiction} is not a jurisdiction of this ledger";
    /// The proposed rulebook is not sound.
    1601 "NARR" "10" "RULEBOOK_INVALID" RulebookInvalid { problem: RulebookError } => "the proposal cannot come into force: {problem}";
    /// The proposal changes another version than the one in force.
    1602 "NARR" "10" "RULEBOOK_BASE" RulebookBase { base: u32, active: u32 } => "the proposal changes version {base}, but version {active} is in force; compare it with that one and propose again";
    /// The number of the proposal is not the next.
    1603 "NARR" "10" "RULEBOOK_VERSION" RulebookVersion { next: u32 } => "the next version of the rulebook has number {next}";
    /// Too soon.
    1604 "TM01" "10" "RULEBOOK_NOTICE" RulebookNotice { earliest: Timestamp } => "the version can be activated at {earliest} at the earliest, after the notice that the rulebook asks for";
    /// Nothing differs.
    1605 "NARR" "10" "RULEBOOK_UNCHANGED" RulebookUnchanged => "the proposal changes nothing but the number";
    /// The base is no longer in force.
    1606 "NARR" "10" "RULEBOOK_LAPSED" RulebookLapsed { base: u32, active: u32 } => "the version lapsed, because it changes version {base} and version {active} was in force at its activation";
    /// An emergency rule that lasts too long.
    1607 "TM01" "10" "EMERGENCY_DURATION" EmergencyDuration { latest: Timestamp } => "an emergency rule must end after this block and at {latest} at the latest";
    /// The number of the emergency rule is not the next.
    1608 "NARR" "10" "EMERGENCY_NUMBER" EmergencyNumber { next: u32 } => "the next emergency rule of that jurisdiction has number {next}";
    /// No such emergency rule in force.
    1609 "NARR" "10" "EMERGENCY_OVER" EmergencyOver { rule: EmergencyRuleId } => "no emergency rule {} of {} is in force", .rule.number, .rule.jurisdiction;
    /// A redemption of more than is outstanding.
    1810 "AM04" "5.credit" "ABOVE_OUTSTANDING" AboveOutstanding { currency: CurrencyCode } => "less {currency} is outstanding than this redemption takes back, because part of the money is intraday credit; redeem the rest when it has been repaid";
    /// Credit of the day before was not repaid.
    1811 "AM04" "5.credit" "CREDIT_OVERDUE" CreditOverdue { currency: CurrencyCode } => "intraday credit in {currency} is overdue; the institution pays nothing out of its own accounts in it until it has repaid";
    /// A line that would no longer cover what is used of it.
    1812 "AM14" "5.credit" "CREDIT_IN_USE" CreditInUse { currency: CurrencyCode } => "what is left of the collateral would cover less {currency} than is used of the credit line; repay first";
    /// A piece of collateral with a reference that is in use.
    1813 "DU03" "5.credit" "COLLATERAL_CONFLICT" CollateralConflict { reference: Max35Text } => "collateral {reference} is pledged already; another piece needs another reference";
    /// No such piece of collateral.
    1814 "NARR" "5.credit" "COLLATERAL_UNKNOWN" CollateralUnknown { reference: Max35Text } => "no collateral {reference} is pledged by that institution for that currency";
    /// Too many pieces of collateral.
    1815 "NARR" "5.credit" "PLEDGES_MAX" PledgesMax { agent: AgentIdentification } => "{agent} has pledged 64 pieces of collateral for this currency; release some first";
    /// The creditor held too much at the end of the day.
    1816 "AM14" "5.day" "ABOVE_OVERNIGHT" AboveOvernight { account: AccountNumber } => "account {account} is credited no more for now: its owner held more at the end of the business day than a foreign institution may overnight";
    /// No business date of either currency.
    1701 "DT01" "7" "RATE_FIX_DATE" RateFixDate { date: Date } => "a reference rate is fixed while its business date lasts in one of its two currencies, and {date} does not";
    /// No reference rate.
    1702 "RR04" "7" "RATE_FIX_MISSING" RateFixMissing { base: CurrencyCode, counter: CurrencyCode } => "no reference rate of {base} in {counter} is in force; quotes can be given when its two issuers have fixed one";
    /// Too far from the reference rate.
    1703 "RR04" "7" "RATE_BAND" RateBand { base: CurrencyCode, counter: CurrencyCode } => "the rate lies outside the band that the rulebook allows around the reference rate of {base} in {counter}";
    /// The reference of a quote was used for another one.
    1704 "DU03" "7" "QUOTE_CONFLICT" QuoteConflict { quote: Uetr } => "reference {quote} was used by this provider for another quote; a new quote needs a new reference";
    /// A quote that expires too early or too late.
    1705 "TM01" "7" "QUOTE_EXPIRY" QuoteExpiry { latest: Timestamp } => "a quote must expire after this block and at {latest} at the latest";
    /// Too many quotes.
    1706 "NARR" "7" "QUOTES_MAX" QuotesMax { agent: AgentIdentification } => "as many quotes of {agent} stand as the rulebook allows; withdraw some first";
    /// No such quote.
    1707 "NOOR" "7" "QUOTE_UNKNOWN" QuoteUnknown { quote: Uetr } => "that provider has given no quote {quote}, or it expired long ago";
    /// Taken back.
    1708 "TM01" "7" "QUOTE_WITHDRAWN" QuoteWithdrawn { quote: Uetr } => "quote {quote} was withdrawn by its provider";
    /// Accepted too late.
    1709 "TM01" "7" "QUOTE_STALE" QuoteStale { quote: Uetr, expires: Timestamp } => "quote {quote} could be accepted before {expires}; ask for a new one";
    /// Not what was quoted.
    1710 "NARR" "7" "QUOTE_DIFFERS" QuoteDiffers { quote: Uetr } => "quote {quote} offers other currencies or another rate than the acceptance says";
    /// Quoted to somebody else.
    1711 "AG03" "7" "QUOTE_ADDRESSEE" QuoteAddressee { quote: Uetr } => "quote {quote} is for another institution";
    /// More than is offered.
    1712 "AM13" "7" "QUOTE_MAXIMUM" QuoteMaximum { quote: Uetr } => "the amount is above what one acceptance of quote {quote} may take, or above what is left of it";
    /// Less than is offered.
    1713 "AM15" "7" "QUOTE_MINIMUM" QuoteMinimum { quote: Uetr } => "the amount is below the least that quote {quote} sells at once";
    /// The legs do not face each other.
    1720 "NARR" "7" "EXCHANGE_SIDES" ExchangeSides => "the legs of an exchange must go in opposite directions between the same two institutions";
    /// An exchange that may wait too long.
    1721 "TM01" "7" "SETTLE_TILL" SettleTill { latest: Timestamp } => "an exchange that is matched now must settle before {latest}; agree on an earlier settle_till";
    /// An exchange that was not funded in time.
    1722 "AB03" "7" "SETTLE_TILL_PASSED" ExchangeExpired { till: Timestamp } => "the exchange did not settle before {till}, so neither of its legs does";
    /// One of several debtors cannot cancel alone.
    1723 "AG08" "7" "CANCEL_NEEDS_ALL" CancelNeedsAll { uetr: Uetr } => "{uetr} is tied to another institution's payment, and both sides have agreed to it; withdraw it together by CancelExchange";
}

impl Rejection {
    /// Whether a payment refused for this may wait instead: nothing is wrong with it but the moment.
    pub(crate) fn waits(&self) -> bool {
        matches!(
            self,
            Self::InsufficientFunds { .. }
                | Self::BehindQueue { .. }
                | Self::BilateralLimit { .. }
                | Self::CurrencyHalted { .. }
                | Self::AboveOvernight { .. }
                | Self::CumulativeLimit { waits: true, .. }
                | Self::AttestationMissing { .. }
        ) || self.is_stop()
    }
    /// Whether the Travel Rule refuses the payment for what is missing.
    pub(crate) fn is_of_travel_rule(&self) -> bool {
        matches!(
            self,
            Self::TravelDataMissing { .. } | Self::PayeeKeyNotSet { .. }
        )
    }
    /// Whether an authority's order stops the payment for now: it keeps its place in the queue.
    pub(crate) fn is_stop(&self) -> bool {
        matches!(
            self,
            Self::StoppedByAuthority { .. }
                | Self::DebtorLicenceSuspended { waits: true, .. }
                | Self::CreditorLicenceSuspended { waits: true, .. }
        )
    }
    /// Whether the same payments may settle later: money, limits, their time or an attestation are all they lack.
    pub(crate) fn may_pass(&self) -> bool {
        let ahead = matches!(
            self,
            Self::FromTimeAhead { .. }
                | Self::InsufficientFunds { .. }
                | Self::AttestationMissing { .. }
        );
        let lacking = matches!(
            self,
            Self::BehindQueue { .. }
                | Self::BilateralLimit { .. }
                | Self::CumulativeLimit { waits: true, .. }
        );
        ahead || lacking
    }
    /// What the parties of other payments are told of it: no order of an authority.
    pub(crate) fn told(&self) -> &'static str {
        if self.order().is_some() {
            "RULE"
        } else {
            self.name()
        }
    }
    /// The order that refuses, of which the receipt holds a commitment only.
    pub(crate) fn order(&self) -> Option<&FreezeKey> {
        if let Self::StoppedByAuthority { order } = self {
            Some(order)
        } else {
            None
        }
    }
    /// The jurisdiction whose own part of the rulebook, or whose emergency rule, refuses.
    pub(crate) fn jurisdiction(&self) -> Option<JurisdictionCode> {
        if let Self::AboveRulebookMaximum { national, .. }
        | Self::PaymentLimit { national, .. }
        | Self::CumulativeLimit { national, .. } = self
        {
            *national
        } else if let Self::DomesticPayment { jurisdiction } = self {
            Some(*jurisdiction)
        } else {
            self.emergency().map(|rule| rule.jurisdiction)
        }
    }
    /// The emergency rule that refuses.
    pub(crate) fn emergency(&self) -> Option<EmergencyRuleId> {
        if let Self::EmergencyStop { rule } = self {
            Some(*rule)
        } else {
            None
        }
    }
    /// The refusal as it stands in an outcome.
    #[must_use]
    pub fn to_refusal(&self) -> Refusal {
        Refusal {
            reason: self
                .reason()
                .parse()
                .expect("the catalogue holds ISO codes only"),
            code: self.code(),
            name: self
                .name()
                .parse()
                .expect("the catalogue holds short names only"),
            detail: Sentence::fitted(&self.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rejection;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_and_names_are_unique_and_fit_their_fields() {
        let mut numbers = BTreeSet::new();
        let mut names = BTreeSet::new();
        for (number, reason, clause, name) in Rejection::CATALOGUE {
            assert!(numbers.insert(number), "{number}");
            assert!(names.insert(name), "{name}");
            assert!(
                reason.parse::<karwan_types::ExternalCode>().is_ok(),
                "{reason}"
            );
            assert!(
                clause.parse::<karwan_types::Max35Text>().is_ok(),
                "{clause}"
            );
            assert!(name.parse::<karwan_types::StableName>().is_ok(), "{name}");
        }
    }
}
