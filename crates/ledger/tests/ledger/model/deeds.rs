//! What each kind of instruction does to the model's books.

use super::books::{Key, Model, Payment, Sum, Waiting, What, whole};
use super::instructions::{Item, Turn};
use karwan_ledger::{
    ConfirmCredit, Hold, IssueRequest, Operation, ParticipantKind, PaymentTerms, RedeemCancel,
    RedeemConfirm, RedeemRequest, Void,
};
use karwan_types::{
    AgentIdentification, CurrencyCode, Lei, Max35Text, PublicKey, TransactionStatus, Uetr,
    Validator,
};

impl Model {
    /// Does it, or says by its number why not.
    pub(crate) fn try_to(&mut self, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        match &turn.operation {
            Operation::Pay(pay) => {
                self.settle(&pay.payment)?;
                self.book(turn, &open[0], TransactionStatus::Acsc, None);
            }
            Operation::PayBulk(bulk) => self.bulk(turn, &bulk.payments, open),
            Operation::Linked(linked) => return self.linked(turn, &linked.legs, open),
            Operation::Hold(hold) => self.hold(turn, hold, open)?,
            Operation::Post(post) => {
                self.post(&post.agent, post.uetr, post.amount.minor())?;
            }
            Operation::Void(void) => self.void(void)?,
            Operation::IssueRequest(request) => self.ask_for_issue(turn, request, open)?,
            Operation::RedeemRequest(request) => self.ask_for_redemption(turn, request, open)?,
            Operation::Issue(issue) => {
                self.issue(&issue.agent, issue.uetr, &issue.rtgs_credit_reference)?;
            }
            Operation::RedeemConfirm(confirm) => self.confirm_redemption(confirm)?,
            Operation::RedeemCancel(cancel) => self.decline_redemption(cancel)?,
            Operation::Cancel(cancel) => return self.cancel(&cancel.agent, cancel.uetr),
            Operation::Return(one) => {
                self.send_back(&one.original_agent, one.original_uetr, one.amount.minor())?;
                self.book(turn, &open[0], TransactionStatus::Acsc, None);
            }
            Operation::ConfirmCredit(confirm) => self.confirm_credit(confirm)?,
            Operation::CurrencyHalt(halt) => self.halt(halt.currency, true)?,
            Operation::CurrencyResume(resume) => self.halt(resume.currency, false)?,
            Operation::RotateKey(rotate) => self.rotate(rotate.old, rotate.new)?,
            Operation::ValidatorSetChange(change) => self.elect(&change.validators)?,
            Operation::RulebookPropose(one) => return self.propose(one),
            Operation::EmergencyRule(one) => self.make_emergency(one)?,
            Operation::ReserveLiquidity(_)
            | Operation::SetBilateralLimit(_)
            | Operation::Reprioritise(_)
            | Operation::MoveInQueue(_)
            | Operation::RunCycle(_)
            | Operation::BalancingPay(_) => panic!("not modelled yet"),
            Operation::EmergencyEnd(one) => self.end_emergency(one)?,
            Operation::Approve(_) => panic!("an approval is counted, not performed"),
        }
        Ok(())
    }

    fn bulk(&mut self, turn: &Turn, payments: &[PaymentTerms], open: &[Item]) {
        for terms in payments {
            let Some(item) = open.iter().find(|item| item.sum.uetr == terms.uetr) else {
                continue;
            };
            match self.settle(terms) {
                Ok(()) => self.book(turn, item, TransactionStatus::Acsc, None),
                Err(code) => self.book(turn, item, TransactionStatus::Rjct, Some(code)),
            }
        }
    }
    fn linked(&mut self, turn: &Turn, legs: &[PaymentTerms], open: &[Item]) -> Result<(), u16> {
        if open.len() < legs.len() {
            return Err(1407);
        }
        let before = self.accounts.clone();
        for (index, terms) in legs.iter().enumerate() {
            if let Err(code) = self.settle(terms) {
                self.accounts = before;
                for (place, item) in open.iter().enumerate() {
                    let code = if place == index { code } else { 1407 };
                    self.book(turn, item, TransactionStatus::Rjct, Some(code));
                }
                return Ok(());
            }
        }
        for item in open {
            self.book(turn, item, TransactionStatus::Acsc, None);
        }
        Ok(())
    }
    fn hold(&mut self, turn: &Turn, hold: &Hold, open: &[Item]) -> Result<(), u16> {
        let longest = self.time + self.rulebook.common.validity_max_ms.millis();
        let reject = hold.payment.reject_time.map(|time| time.millis());
        let until = hold.expires.millis();
        if until <= self.time || until > longest.min(reject.unwrap_or(longest)) {
            return Err(609);
        }
        let (debit, _) = self.payable(&hold.payment)?;
        let amount = hold.payment.amount.minor();
        self.has(&debit, amount)?;
        self.account_mut(&debit).held += whole(amount);
        self.book(turn, &open[0], TransactionStatus::Pdng, None);
        Ok(())
    }
    fn open_hold(&self, agent: &AgentIdentification, uetr: Uetr) -> Result<&Payment, u16> {
        let row = self.original(agent, uetr)?;
        let What::Hold(until) = row.what else {
            return Err(1402);
        };
        match row.status {
            TransactionStatus::Pdng => Ok(row),
            TransactionStatus::Canc if until <= self.time => Err(608),
            TransactionStatus::Canc
            | TransactionStatus::Rcvd
            | TransactionStatus::Patc
            | TransactionStatus::Actc
            | TransactionStatus::Acsp
            | TransactionStatus::Acsc
            | TransactionStatus::Accc
            | TransactionStatus::Rjct => Err(1403),
        }
    }
    fn post(&mut self, agent: &AgentIdentification, uetr: Uetr, amount: u128) -> Result<(), u16> {
        let hold = self.open_hold(agent, uetr)?.sum.clone();
        if amount > hold.amount {
            return Err(1007);
        }
        self.moves(hold.currency)?;
        let debit = hold.debit.expect("a hold has its account");
        let credit = hold.credit.expect("a hold has its account");
        self.account_mut(&debit).held -= whole(hold.amount);
        self.transfer(&debit, &credit, amount);
        self.payment_mut(hold.agent, uetr).sum.amount = amount;
        self.change(hold.agent, uetr, TransactionStatus::Acsc);
        Ok(())
    }
    fn void(&mut self, void: &Void) -> Result<(), u16> {
        let hold = self.open_hold(&void.agent, void.uetr)?.sum.clone();
        let account = hold.debit.expect("a hold has its account");
        self.account_mut(&account).held -= whole(hold.amount);
        self.change(hold.agent, hold.uetr, TransactionStatus::Canc);
        Ok(())
    }
    fn ask_for_issue(
        &mut self,
        turn: &Turn,
        request: &IssueRequest,
        open: &[Item],
    ) -> Result<(), u16> {
        let bank = self.debtor(&request.agent)?;
        self.moves(request.currency)?;
        self.domestic_bank(bank, request.currency)?;
        self.window(request.currency)?;
        let account = self.usual_account(bank, request.currency).ok_or(902u16)?;
        Self::may_credit(account, request.currency)?;
        self.book(turn, &open[0], TransactionStatus::Pdng, None);
        Ok(())
    }
    fn ask_for_redemption(
        &mut self,
        turn: &Turn,
        request: &RedeemRequest,
        open: &[Item],
    ) -> Result<(), u16> {
        let bank = self.debtor(&request.agent)?;
        self.moves(request.currency)?;
        self.domestic_bank(bank, request.currency)?;
        self.window(request.currency)?;
        let account = self.usual_account(bank, request.currency).ok_or(902u16)?;
        Self::may_credit(account, request.currency)?;
        Self::may_debit(account, request.currency)?;
        let number = account.number.clone();
        self.has(&number, request.amount.minor())?;
        self.account_mut(&number).held += whole(request.amount.minor());
        self.book(turn, &open[0], TransactionStatus::Pdng, None);
        Ok(())
    }
    fn confirm_redemption(&mut self, confirm: &RedeemConfirm) -> Result<(), u16> {
        let asked = self.open_request(&confirm.agent, confirm.uetr, What::Redemption)?;
        self.moves(asked.currency)?;
        self.use_reference(asked.currency, &confirm.rtgs_debit_reference)?;
        let account = asked.debit.expect("an open redemption has its account");
        let currency = self.currency_mut(asked.currency);
        currency.redeemed += whole(asked.amount);
        let contra = currency.rules.contra.clone();
        self.account_mut(&account).held -= whole(asked.amount);
        self.transfer(&account, &contra, asked.amount);
        self.change(asked.agent, asked.uetr, TransactionStatus::Acsc);
        Ok(())
    }
    fn decline_redemption(&mut self, cancel: &RedeemCancel) -> Result<(), u16> {
        let asked = self.open_request(&cancel.agent, cancel.uetr, What::Redemption)?;
        let account = asked.debit.expect("an open redemption has its account");
        self.account_mut(&account).held -= whole(asked.amount);
        self.change(asked.agent, asked.uetr, TransactionStatus::Canc);
        Ok(())
    }
    fn domestic_bank(&self, bank: Lei, currency: CurrencyCode) -> Result<(), u16> {
        let issuer = self.currency(currency).ok_or(1003u16)?.rules.issuer;
        let home = |lei| self.participant(lei).map(|one| one.jurisdiction);
        let kind = self.participant(bank).map(|one| one.kind);
        if kind != Some(ParticipantKind::Bank) || home(bank) != home(issuer) {
            return Err(801);
        }
        Ok(())
    }
    fn open_request(
        &self,
        agent: &AgentIdentification,
        uetr: Uetr,
        what: What,
    ) -> Result<Sum, u16> {
        let row = self.original(agent, uetr)?;
        if row.what != what {
            return Err(1402);
        }
        if row.status != TransactionStatus::Pdng {
            return Err(1403);
        }
        Ok(row.sum.clone())
    }
    fn use_reference(&mut self, currency: CurrencyCode, reference: &Max35Text) -> Result<(), u16> {
        let reference = (currency, reference.clone());
        if self.references.contains(&reference) {
            return Err(502);
        }
        self.references.push(reference);
        Ok(())
    }
    fn issue(
        &mut self,
        agent: &AgentIdentification,
        uetr: Uetr,
        reference: &Max35Text,
    ) -> Result<(), u16> {
        let asked = self.open_request(agent, uetr, What::IssueRequest)?;
        self.moves(asked.currency)?;
        let account = self
            .usual_account(asked.agent, asked.currency)
            .ok_or(902u16)?;
        Self::may_credit(account, asked.currency)?;
        let account = account.number.clone();
        let row = self.currency(asked.currency).ok_or(1003u16)?;
        let outstanding = row.issued + whole(asked.amount) - row.redeemed;
        if outstanding > whole(row.rules.supply_cap.minor()) {
            return Err(1006);
        }
        self.use_reference(asked.currency, reference)?;
        let row = self.currency_mut(asked.currency);
        row.issued += whole(asked.amount);
        let contra = row.rules.contra.clone();
        self.transfer(&contra, &account, asked.amount);
        let payment = self.payment_mut(asked.agent, asked.uetr);
        payment.sum.debit = Some(contra);
        payment.sum.credit = Some(account);
        self.change(asked.agent, asked.uetr, TransactionStatus::Acsc);
        Ok(())
    }
    fn cancel(&mut self, agent: &AgentIdentification, uetr: Uetr) -> Result<(), u16> {
        let row = self.original(agent, uetr)?.clone();
        let settled = [TransactionStatus::Acsc, TransactionStatus::Accc].contains(&row.status);
        if settled {
            let all_back = row.returned == row.sum.amount;
            return Err(if all_back { 1405 } else { 1404 });
        }
        let open_request = row.what == What::IssueRequest && row.status == TransactionStatus::Pdng;
        if row.status != TransactionStatus::Patc && !open_request {
            return Err(1403);
        }
        self.change(row.sum.agent, uetr, TransactionStatus::Canc);
        let nothing_left = |waiting: &Waiting, model: &Self| {
            waiting.operation == row.operation && model.still_open(waiting).is_empty()
        };
        let place = self.waiting.iter().position(|one| nothing_left(one, self));
        if let Some(place) = place {
            self.waiting.remove(place);
        }
        Ok(())
    }
    fn send_back(
        &mut self,
        agent: &AgentIdentification,
        uetr: Uetr,
        amount: u128,
    ) -> Result<(), u16> {
        let original = self.original(agent, uetr)?.clone();
        match original.what {
            What::Payment | What::Hold(_) => {}
            What::Return => return Err(1406),
            What::IssueRequest | What::Redemption => return Err(1402),
        }
        if ![TransactionStatus::Acsc, TransactionStatus::Accc].contains(&original.status) {
            return Err(1403);
        }
        if original.returned == original.sum.amount {
            return Err(1405);
        }
        if original.returned + amount > original.sum.amount {
            return Err(1007);
        }
        let sum = &original.sum;
        self.moves(sum.currency)?;
        let returner = sum.creditor.expect("settled");
        let from = (returner, sum.credit.as_ref());
        let (debit, credit) =
            self.route(sum.currency, from, (sum.agent, sum.debit.as_ref()), true)?;
        self.has(&debit, amount)?;
        self.transfer(&debit, &credit, amount);
        self.payment_mut(sum.agent, uetr).returned += amount;
        Ok(())
    }
    fn confirm_credit(&mut self, confirm: &ConfirmCredit) -> Result<(), u16> {
        let row = self.original(&confirm.agent, confirm.uetr)?;
        if matches!(row.what, What::IssueRequest | What::Redemption) {
            return Err(1402);
        }
        if row.status != TransactionStatus::Acsc {
            return Err(1403);
        }
        let (agent, uetr) = (row.sum.agent, row.sum.uetr);
        self.change(agent, uetr, TransactionStatus::Accc);
        Ok(())
    }
    fn halt(&mut self, currency: CurrencyCode, halted: bool) -> Result<(), u16> {
        let row = self.currency_mut(currency);
        if row.halted == halted {
            return Err(803);
        }
        row.halted = halted;
        Ok(())
    }
    fn rotate(&mut self, old: PublicKey, new: PublicKey) -> Result<(), u16> {
        let row = self
            .keys
            .iter()
            .find(|one| one.key == old)
            .ok_or(402u16)?
            .clone();
        if row.revoked {
            return Err(403);
        }
        let validates = |list: &[Validator]| list.iter().any(|one| one.key == new);
        let registered = self.keys.iter().any(|one| one.key == new);
        if registered || validates(&self.validators) || validates(&self.next_validators) {
            return Err(409);
        }
        for key in &mut self.keys {
            key.revoked |= key.key == old;
        }
        self.keys.push(Key { key: new, ..row });
        Ok(())
    }
    fn elect(&mut self, validators: &[Validator]) -> Result<(), u16> {
        let known = |one: &Validator| self.jurisdictions.contains(&one.jurisdiction);
        if !validators.iter().all(known) {
            return Err(1503);
        }
        let signs = |one: &Validator| self.keys.iter().any(|key| key.key == one.key);
        if validators.iter().any(signs) {
            return Err(409);
        }
        if self.validators != self.next_validators {
            return Err(1502);
        }
        self.next_validators = validators.to_vec();
        self.next_validators.sort_by_key(|one| one.key);
        Ok(())
    }
}
