//! Money that comes onto the ledger and leaves it.

use super::super::author::Author;
use super::super::books::{Model, Payment, Sum, What, whole};
use super::super::broken::Break;
use super::super::instructions::{Item, Turn};
use super::super::payment_rules::amount_alone;
use super::super::signing::{Group, institution};
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{
    Issue, IssueRequest, Operation, ParticipantKind, Priority, RedeemCancel, RedeemConfirm,
    RedeemRequest,
};
use karwan_types::{
    AgentIdentification, Amount, CurrencyCode, Lei, Max35Text, TransactionStatus, Uetr,
};

impl Authored for IssueRequest {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let (of, currency, amount, name) = asked(author, model);
        let mut request = issue_request(of, "1 PKR", &name);
        (request.currency, request.amount) = (currency, amount);
        if author.chance(20) {
            let large = u128::from(author.random.u64(..2_000_000_000));
            request.amount = Amount::from_minor(large);
        }
        Some(request.into())
    }
}
impl Modelled for IssueRequest {
    fn alone(&self) -> Option<u16> {
        amount_alone(self.amount.minor())
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let money = Some((self.currency, self.amount.minor()));
        Ok(institution(model.debtor(&self.agent)?, money))
    }
    fn items(&self, model: &Model) -> Vec<Item> {
        let money = (self.currency, self.amount.minor());
        request(model, (&self.agent, self.uetr), money, What::IssueRequest)
    }
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        let bank = model.debtor(&self.agent)?;
        model.moves(self.currency)?;
        domestic_bank(model, bank, self.currency)?;
        model.may_issue(bank, (self.currency, self.amount.minor()), false)?;
        model.window(self.currency)?;
        let account = model.usual_account(bank, self.currency).ok_or(902u16)?;
        Model::may_credit(account, self.currency)?;
        model.book(turn, &open[0], TransactionStatus::Pdng, None);
        Ok(())
    }
}

impl Authored for RedeemRequest {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let (of, currency, amount, name) = asked(author, model);
        let mut request = redeem_request(of, "1 PKR", &name);
        (request.currency, request.amount) = (currency, amount);
        Some(request.into())
    }
}
impl Modelled for RedeemRequest {
    fn alone(&self) -> Option<u16> {
        amount_alone(self.amount.minor())
    }
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let money = Some((self.currency, self.amount.minor()));
        Ok(institution(model.debtor(&self.agent)?, money))
    }
    fn items(&self, model: &Model) -> Vec<Item> {
        let money = (self.currency, self.amount.minor());
        request(model, (&self.agent, self.uetr), money, What::Redemption)
    }
    fn perform(&self, model: &mut Model, turn: &Turn, open: &[Item]) -> Result<(), u16> {
        let bank = model.debtor(&self.agent)?;
        model.moves(self.currency)?;
        domestic_bank(model, bank, self.currency)?;
        model.may_issue(bank, (self.currency, self.amount.minor()), true)?;
        model.window(self.currency)?;
        let account = model.usual_account(bank, self.currency).ok_or(902u16)?;
        Model::may_credit(account, self.currency)?;
        Model::may_debit(account, self.currency)?;
        let number = account.number.clone();
        if model.is_frozen(&number, None, (true, true)) {
            return Err(1103);
        }
        model.may_redeem(&number, self.amount.minor())?;
        model.has(&number, self.amount.minor(), Priority::Norm)?;
        model.account_mut(&number).held += whole(self.amount.minor());
        model.book(turn, &open[0], TransactionStatus::Pdng, None);
        Ok(())
    }
}

impl Authored for Issue {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let is_open = |one: &Payment| is_open(one, What::IssueRequest);
        let sum = author.earlier(model, is_open)?;
        let reference = reference(author, model);
        let issue = Self {
            agent: AgentIdentification::Lei(sum.agent),
            uetr: sum.uetr,
            rtgs_credit_reference: reference,
        };
        Some(issue.into())
    }
}
impl Modelled for Issue {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let sum = &model.original(&self.agent, self.uetr)?.sum;
        let money = Some((sum.currency, sum.amount));
        Ok(institution(model.issuer(sum.currency)?, money))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let asked = open_request(model, &self.agent, self.uetr, What::IssueRequest)?;
        model.moves(asked.currency)?;
        let account = model
            .usual_account(asked.agent, asked.currency)
            .ok_or(902u16)?;
        Model::may_credit(account, asked.currency)?;
        let account = account.number.clone();
        model.may_issue(asked.agent, (asked.currency, asked.amount), false)?;
        if model.is_frozen(&account, None, (false, false)) {
            return Err(1103);
        }
        let row = model.currency(asked.currency).ok_or(1003u16)?;
        let outstanding = row.issued + whole(asked.amount) - row.redeemed;
        if outstanding > whole(row.rules.supply_cap.minor()) {
            return Err(1006);
        }
        use_reference(model, asked.currency, &self.rtgs_credit_reference, false)?;
        let row = model.currency_mut(asked.currency);
        row.issued += whole(asked.amount);
        let contra = row.rules.contra.clone();
        model.transfer(&contra, &account, asked.amount);
        if model.breaks(Break::IssuesTwice) {
            model.transfer(&contra, &account, asked.amount);
        }
        let payment = model.payment_mut(asked.agent, asked.uetr);
        payment.sum.debit = Some(contra);
        payment.sum.credit = Some(account);
        model.change(asked.agent, asked.uetr, TransactionStatus::Acsc, None);
        Ok(())
    }
}

impl Authored for RedeemConfirm {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let is_open = |one: &Payment| is_open(one, What::Redemption);
        let sum = author.earlier(model, is_open)?;
        let reference = reference(author, model);
        let confirm = Self {
            agent: AgentIdentification::Lei(sum.agent),
            uetr: sum.uetr,
            rtgs_debit_reference: reference,
        };
        Some(confirm.into())
    }
}
impl Modelled for RedeemConfirm {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let sum = &model.original(&self.agent, self.uetr)?.sum;
        let money = Some((sum.currency, sum.amount));
        Ok(institution(model.issuer(sum.currency)?, money))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let asked = open_request(model, &self.agent, self.uetr, What::Redemption)?;
        model.moves(asked.currency)?;
        let account = asked.debit.expect("an open redemption has its account");
        let frozen = model.is_frozen(&account, None, (true, true));
        let reference = (asked.currency, self.rtgs_debit_reference.clone());
        if !model.references.contains(&reference) {
            let row = model.account(&account).ok_or(901u16)?;
            Model::may_debit(row, asked.currency)?;
            if !frozen && !model.is_outstanding(asked.currency, asked.amount) {
                return Err(1810);
            }
            if !frozen {
                model.owes_nothing(&account)?;
            }
            if !frozen && row.posted < whole(asked.amount) {
                return Err(1301);
            }
        }
        use_reference(model, asked.currency, &self.rtgs_debit_reference, frozen)?;
        let currency = model.currency_mut(asked.currency);
        currency.redeemed += whole(asked.amount);
        let contra = currency.rules.contra.clone();
        model.account_mut(&account).held -= whole(asked.amount);
        model.transfer(&account, &contra, asked.amount);
        model.recover(&account);
        model.touch(&account);
        model.change(asked.agent, asked.uetr, TransactionStatus::Acsc, None);
        Ok(())
    }
}

impl Authored for RedeemCancel {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let is_open = |one: &Payment| is_open(one, What::Redemption);
        let sum = author.earlier(model, is_open)?;
        let (agent, uetr) = (AgentIdentification::Lei(sum.agent), sum.uetr);
        Some(Self { agent, uetr }.into())
    }
}
impl Modelled for RedeemCancel {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        let sum = &model.original(&self.agent, self.uetr)?.sum;
        Ok(institution(model.issuer(sum.currency)?, None))
    }
    fn perform(&self, model: &mut Model, _turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let asked = open_request(model, &self.agent, self.uetr, What::Redemption)?;
        let account = asked.debit.expect("an open redemption has its account");
        model.let_go(&account, asked.amount);
        model.change(asked.agent, asked.uetr, TransactionStatus::Canc, None);
        Ok(())
    }
}

/// Who asks for how much of what, under which name: mostly for the currency of its home.
fn asked(author: &mut Author, model: &Model) -> (Institution, CurrencyCode, Amount, String) {
    let of = author.bank();
    let home = ISSUERS
        .iter()
        .find(|(issuer, _)| issuer.country == of.country);
    let (_, home) = home.expect("every jurisdiction has its currency");
    let currency = if author.chance(80) {
        code(home)
    } else {
        author.currency(model, of)
    };
    let amount = author.amount(model, of.lei());
    (of, currency, amount, author.name())
}
/// Few of them, so that they are used twice.
fn reference(author: &mut Author, model: &Model) -> Max35Text {
    if !model.references.is_empty() && author.chance(30) {
        return author.pick(&model.references).1.clone();
    }
    let text = format!("RTGS-{}", author.random.u32(..2));
    text.parse().expect("an identifier")
}
fn is_open(one: &Payment, what: What) -> bool {
    one.what == what && one.status == TransactionStatus::Pdng
}

fn request(
    model: &Model,
    (agent, uetr): (&AgentIdentification, Uetr),
    (currency, amount): (CurrencyCode, u128),
    what: What,
) -> Vec<Item> {
    let Some(agent) = model.who(agent) else {
        return Vec::new();
    };
    let rules = model.currency(currency).map(|one| &one.rules);
    let usual = model.usual_account(agent, currency);
    let own = usual.map(|account| account.number.clone());
    let (debit, credit) = if what == What::IssueRequest {
        (None, own)
    } else {
        (own, rules.map(|rules| rules.contra.clone()))
    };
    let sum = Sum {
        agent,
        uetr,
        creditor: rules.map(|rules| rules.issuer),
        debit,
        credit,
        currency,
        amount,
    };
    vec![Item { what, sum }]
}

fn domestic_bank(model: &Model, bank: Lei, currency: CurrencyCode) -> Result<(), u16> {
    let issuer = model.currency(currency).ok_or(1003u16)?.rules.issuer;
    let home = |lei| model.participant(lei).map(|one| one.jurisdiction);
    let kind = model.participant(bank).map(|one| one.kind);
    if kind != Some(ParticipantKind::Bank) || home(bank) != home(issuer) {
        return Err(801);
    }
    Ok(())
}
fn open_request(
    model: &Model,
    agent: &AgentIdentification,
    uetr: Uetr,
    what: What,
) -> Result<Sum, u16> {
    let row = model.original(agent, uetr)?;
    if row.what != what {
        return Err(1402);
    }
    if row.status != TransactionStatus::Pdng {
        return Err(1403);
    }
    Ok(row.sum.clone())
}
fn use_reference(
    model: &mut Model,
    currency: CurrencyCode,
    reference: &Max35Text,
    frozen: bool,
) -> Result<(), u16> {
    let reference = (currency, reference.clone());
    if model.references.contains(&reference) {
        return Err(502);
    }
    if frozen {
        return Err(1103);
    }
    model.references.push(reference);
    Ok(())
}
