//! The model's recalls: one list, each under its payment.

use super::books::{Model, Payment, Said, Sum, What, whole};
use super::instructions::{Item, Turn};
use karwan_ledger::Priority;
use karwan_types::{Lei, TransactionStatus, Uetr};

/// Where a recall stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    Waits,
    Late,
    Followed,
    Rejected,
}

/// A debtor agent wants its money back.
#[derive(Clone, Debug)]
pub(crate) struct Recall {
    pub(crate) agent: Lei,
    pub(crate) uetr: Uetr,
    pub(crate) answer_until: u64,
    pub(crate) stands: Stands,
}

/// What goes back of which payment.
pub(crate) struct Back<'a> {
    pub(crate) agent: &'a karwan_types::AgentIdentification,
    pub(crate) uetr: Uetr,
    pub(crate) amount: u128,
}

impl Model {
    pub(crate) fn recall(&self, agent: Lei, uetr: Uetr) -> Option<&Recall> {
        let mut all = self.recalls.iter();
        all.find(|one| one.agent == agent && one.uetr == uetr)
    }
    pub(crate) fn open_recall(&self, agent: Lei, uetr: Uetr) -> Option<&Recall> {
        let open = [Stands::Waits, Stands::Late];
        self.recall(agent, uetr)
            .filter(|one| open.contains(&one.stands))
    }
    /// Says to both sides what has become of a recall.
    pub(crate) fn change_recall(&mut self, agent: Lei, uetr: Uetr, stands: Stands) {
        let is = |one: &&mut Recall| one.agent == agent && one.uetr == uetr;
        let recall = self.recalls.iter_mut().find(is);
        recall.expect("found before").stands = stands;
        let (status, code) = match stands {
            Stands::Waits | Stands::Late => (TransactionStatus::Pdng, None),
            Stands::Followed => (TransactionStatus::Canc, None),
            Stands::Rejected => (TransactionStatus::Rjct, Some(1412)),
        };
        let payment = self.payment(agent, uetr).expect("kept with its recall");
        self.said.push(Said {
            operation: "RecallRequest",
            status,
            code,
            sum: Some(payment.sum.clone()),
            repeated: false,
        });
    }
    /// A settled payment of which something has not come back.
    pub(crate) fn returnable(original: &Payment) -> Result<(), u16> {
        match original.what {
            What::Payment | What::Hold(_) => {}
            What::Return => return Err(1406),
            What::IssueRequest | What::Redemption => return Err(1402),
        }
        let settled = [TransactionStatus::Acsc, TransactionStatus::Accc];
        if !settled.contains(&original.status) {
            return Err(1403);
        }
        if original.returned == original.sum.amount {
            return Err(1405);
        }
        Ok(())
    }
    /// The reference that sending back takes.
    pub(crate) fn item_of_return(&self, back: &Back<'_>, name: Uetr) -> Vec<Item> {
        let Ok(original) = self.original(back.agent, back.uetr) else {
            return Vec::new();
        };
        let original = &original.sum;
        let Some(returner) = original.creditor else {
            return Vec::new();
        };
        let sum = Sum {
            agent: returner,
            uetr: name,
            creditor: Some(original.agent),
            debit: original.credit.clone(),
            credit: original.debit.clone(),
            currency: original.currency,
            amount: back.amount,
        };
        let what = What::Return;
        vec![Item { what, sum }]
    }
    /// Moves the money back. Whoever wanted it back is told when this is the answer, or when nothing is left.
    pub(crate) fn send_back(
        &mut self,
        turn: &Turn,
        item: &Item,
        back: &Back<'_>,
        answers: bool,
    ) -> Result<(), u16> {
        let original = self.original(back.agent, back.uetr)?.clone();
        Self::returnable(&original)?;
        let returned = original.returned + back.amount;
        if returned > original.sum.amount {
            return Err(1007);
        }
        let sum = &original.sum;
        self.moves(sum.currency)?;
        let from = (sum.creditor.expect("settled"), sum.credit.as_ref());
        let to = (sum.agent, sum.debit.as_ref());
        let (debit, credit) = self.route(sum.currency, from, to, true)?;
        self.stopped(&debit, &credit)?;
        self.covers(&debit, &credit, back.amount, Priority::Norm)?;
        self.move_back(&debit, &credit, whole(back.amount), Priority::Norm);
        self.payment_mut(sum.agent, sum.uetr).returned = returned;
        self.book(turn, item, TransactionStatus::Acsc, None);
        let over = answers || returned == sum.amount;
        if over && self.open_recall(sum.agent, sum.uetr).is_some() {
            self.change_recall(sum.agent, sum.uetr, Stands::Followed);
        }
        Ok(())
    }
}
