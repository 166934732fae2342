//! The data of a payment's parties on their way: as IVMS101, committed to on the ledger, and sealed with the payment's message for
//! the institution that must attest them.
//!
//! Two payments between the same two persons carry the same tag, which is made with a secret of that pair. The secret follows
//! from the institution's own and from the two names, and travels in the sealed message, so that whoever may read the names
//! can make the tag again, and nobody else learns more from it than that it is the same.

use super::OpenedMessage;
use karwan_iso20022::CreditTransfer;
use karwan_iso20022::ivms101::{self, Ivms101, Scope, of_transfer};
use karwan_ledger::TravelData;
use karwan_types::{CommitmentSecret, Hash, PaymentSalt};

/// The label of the commitment to the data.
const DATA_LABEL: &str = "ivms101";
/// The label of the commitment that is the tag.
const PAIR_LABEL: &str = "pair";

/// The data of a payment's parties with what makes their tag.
#[derive(Clone, Debug)]
pub struct TravelPayload {
    ivms: Ivms101,
    pair_secret: PaymentSalt,
}

/// Why the data in a message are not those of the payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TravelPayloadError {
    /// There are none.
    #[error("the message holds no IVMS101 data")]
    Missing,
    /// They cannot be read.
    #[error("the IVMS101 data in the message cannot be read")]
    Malformed,
    /// Others than committed to.
    #[error("the IVMS101 data in the message are not those that the payment commits to")]
    Commitment,
    /// Another pair of persons.
    #[error("the pair tag of the payment is not that of the persons in its IVMS101 data")]
    PairTag,
}

impl TravelPayload {
    /// The data of a payment of an institution.
    #[must_use]
    pub fn new(ivms: Ivms101, secret: &CommitmentSecret) -> Self {
        let (originator, beneficiary) = ivms.pair();
        Self {
            pair_secret: secret.pair_salt(&originator, &beneficiary),
            ivms,
        }
    }
    /// The data that a payment message itself holds: at least the names of both parties.
    #[must_use]
    pub fn of_message(transfer: &CreditTransfer, secret: &CommitmentSecret) -> Option<Self> {
        Some(Self::new(of_transfer(transfer)?, secret))
    }
    /// What a payment carries of the data in its message: the tag of the two names always, so that small payments are told apart; the
    /// commitment only when the data are what IVMS101 asks for on its settlement date. Nobody could attest others.
    #[must_use]
    pub fn data_of_message(transfer: &CreditTransfer, secret: &CommitmentSecret) -> TravelData {
        let Some(payload) = Self::of_message(transfer, secret) else {
            return TravelData::default();
        };
        let data = payload.data(&secret.salt(&transfer.ledger.uetr));
        let today = transfer.ledger.settlement_date;
        let whole = payload.ivms.check(today, Scope::Standard).is_ok();
        TravelData {
            ivms_commitment: data.ivms_commitment.filter(|_| whole),
            ..data
        }
    }
    /// The data in a message that was opened, compared with what its payment carries on the ledger.
    ///
    /// # Errors
    /// `TravelPayloadError` names what does not fit.
    pub fn opened(
        message: &OpenedMessage,
        on_ledger: TravelData,
    ) -> Result<Self, TravelPayloadError> {
        let text = message
            .ivms101
            .as_ref()
            .ok_or(TravelPayloadError::Missing)?;
        let ivms = ivms101::read(text.as_bytes()).map_err(|_| TravelPayloadError::Malformed)?;
        let secret = message.pair_secret.as_deref().unwrap_or_default();
        let salt = |text: &str| {
            let parsed: Result<Hash, _> = text.parse();
            let bytes = parsed.map_err(|_| TravelPayloadError::Malformed)?;
            Ok(PaymentSalt::from_bytes(*bytes.as_bytes()))
        };
        let opened = Self {
            ivms,
            pair_secret: salt(secret)?,
        };
        let data = opened.data(&salt(&message.salt)?);
        if data.ivms_commitment != on_ledger.ivms_commitment {
            return Err(TravelPayloadError::Commitment);
        }
        // Without a tag a payment counts with all others of these two institutions that have none.
        if on_ledger.pair_tag.is_some() && data.pair_tag != on_ledger.pair_tag {
            return Err(TravelPayloadError::PairTag);
        }
        Ok(opened)
    }
    /// What the payment carries on the ledger.
    #[must_use]
    pub fn data(&self, salt: &PaymentSalt) -> TravelData {
        let (originator, beneficiary) = self.ivms.pair();
        let pair = format!("{originator}\0{beneficiary}");
        TravelData {
            ivms_commitment: Some(salt.commit(DATA_LABEL, &self.ivms.canonical())),
            pair_tag: Some(self.pair_secret.commit(PAIR_LABEL, &pair)),
        }
    }
    /// The data.
    #[must_use]
    pub const fn ivms(&self) -> &Ivms101 {
        &self.ivms
    }
    pub(super) const fn pair_secret(&self) -> &PaymentSalt {
        &self.pair_secret
    }
}
