//! Licences, from the application to their end.

use super::super::author::Author;
use super::super::books::Model;
use super::super::instructions::{Item, Turn};
use super::super::signing::{Group, institution};
use super::super::supervision::Licensed;
use super::{Authored, Modelled};
use crate::support::*;
use karwan_ledger::{
    Activity, ChecklistDocument, Holder, LicenceApply, LicenceGrant, LicenceNoObjection,
    LicenceRefuse, LicenceReinstate, LicenceRevoke, LicenceScope, LicenceStatus, LicenceSurrender,
    LicenceSuspend, Money, Operation, QueuedPayments, Suspension,
};
use karwan_types::{AgentIdentification, Amount, Hash, Max35Text, Timestamp};

/// Whose licence for what: mostly one that there can be.
fn some_licence(author: &mut Author, model: &Model) -> Option<(AgentIdentification, Max35Text)> {
    let licensing = |of: &&Institution| {
        let part = model.national(country(of.country));
        part.is_some_and(|part| !part.activities.is_empty())
    };
    let own: Vec<Institution> = BANKS.iter().filter(licensing).copied().collect();
    if own.is_empty() && author.chance(95) {
        return None;
    }
    let of = if own.is_empty() || author.chance(5) {
        *author.pick(&[NARYN, PK_ISSUER, INDUS])
    } else {
        *author.pick(&own)
    };
    let code = match author.random.u32(..10) {
        0 => "NOSUCH",
        1..4 => "CUSTODY",
        _ => "SETTLEMENT",
    };
    let code = code.parse().expect("an identifier");
    Some((author.called(of, model), code))
}
/// The same, now and then whatever its status, mostly one with a status that fits.
fn standing(
    author: &mut Author,
    model: &Model,
    fits: fn(&LicenceStatus) -> bool,
) -> Option<(AgentIdentification, Max35Text)> {
    let rows = model.licences.iter().filter(|one| fits(&one.status));
    let rows: Vec<&Licensed> = rows.collect();
    if rows.is_empty() || author.chance(5) {
        let any = author.chance(20);
        return any.then(|| some_licence(author, model)).flatten();
    }
    let one = *author.pick(&rows);
    Some((AgentIdentification::Lei(one.lei), one.activity.clone()))
}
fn is_asked(status: &LicenceStatus) -> bool {
    matches!(status, LicenceStatus::Applied | LicenceStatus::NoObjection)
}
fn is_given(status: &LicenceStatus) -> bool {
    matches!(status, LicenceStatus::Granted | LicenceStatus::Suspended(_))
}
fn basis() -> karwan_types::Sentence {
    "an act".parse().expect("a sentence")
}
fn regulator(model: &Model, agent: &AgentIdentification) -> Result<Vec<Group>, u16> {
    let place = model.home(model.debtor(agent)?);
    model.order(place, vec![Holder::Regulator(place)])
}
/// What is licensed there under this code.
fn activity_of(model: &Model, lei: karwan_types::Lei, code: &Max35Text) -> Result<Activity, u16> {
    let part = model.national(model.home(lei)).ok_or(811u16)?;
    let found = part.activities.iter().find(|one| one.code == *code);
    found.cloned().ok_or(811)
}
fn find(model: &Model, agent: &AgentIdentification, code: &Max35Text) -> Result<Licensed, u16> {
    let lei = model.debtor(agent)?;
    model.licence(lei, code).cloned().ok_or(814)
}
fn record(model: &mut Model, turn: &Turn, mut one: Licensed) {
    let lei = one.lei;
    one.changed = model.time;
    one.operation = turn.operation.name();
    let old = model.licence(lei, &one.activity).map(|one| one.status);
    let matters = |status: LicenceStatus| {
        let asked = matches!(status, LicenceStatus::Applied | LicenceStatus::NoObjection);
        let over = matches!(
            status,
            LicenceStatus::Expired { .. } | LicenceStatus::Surrendered { .. }
        );
        !asked && !over && status != LicenceStatus::Refused
    };
    let matters = old.is_some_and(matters) || matters(one.status);
    let granted = one.status == LicenceStatus::Granted;
    model.put_licence(one);
    if matters {
        if granted {
            model.reopen_accounts(lei);
        }
        model.withdraw_unlicensed(lei);
        model.refuse_unlicensed(lei);
    }
}
fn after(author: &mut Author, chain: &Chain) -> Timestamp {
    chain
        .upcoming()
        .after(millis(author.random.u64(..7_200_000)))
}

impl Authored for LicenceApply {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let (agent, activity) = some_licence(author, model)?;
        let document = |item: &&str| ChecklistDocument {
            item: item.parse().expect("an identifier"),
            hash: Hash::from_bytes([1; 32]),
        };
        let brought: &[&str] = match author.random.u32(..12) {
            0 => &["CAPITAL"],
            1 => &["CAPITAL", "PLAN", "MORE"],
            _ => &["CAPITAL", "PLAN"],
        };
        let documents = brought.iter().map(document).collect();
        Some(
            Self {
                agent,
                activity,
                documents,
            }
            .into(),
        )
    }
}
impl Modelled for LicenceApply {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.debtor(&self.agent)?, None))
    }
    fn perform(&self, model: &mut Model, turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let lei = model.debtor(&self.agent)?;
        let activity = activity_of(model, lei, &self.activity)?;
        let kind = model.participant(lei).expect("it signed").kind;
        if !activity.kinds.contains(&kind) {
            return Err(812);
        }
        let brought: Vec<&Max35Text> = self.documents.iter().map(|one| &one.item).collect();
        let asked: Vec<&Max35Text> = activity.checklist.iter().collect();
        if brought != asked {
            return Err(813);
        }
        let old = model.licence(lei, &self.activity);
        let open = |old: &Licensed| {
            is_asked(&old.status) || is_given(&old.status) || old.winds_down(model.time)
        };
        if old.is_some_and(open) {
            return Err(814);
        }
        model.put_licence(Licensed {
            lei,
            activity: self.activity.clone(),
            status: LicenceStatus::Applied,
            scope: LicenceScope::default(),
            from: 0,
            until: 0,
            changed: model.time,
            operation: turn.operation.name(),
        });
        Ok(())
    }
}

impl Authored for LicenceNoObjection {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let (agent, activity) = standing(author, model, is_asked)?;
        let reference = "NOC-1".parse().expect("an identifier");
        Some(
            Self {
                agent,
                activity,
                reference,
            }
            .into(),
        )
    }
}
impl Modelled for LicenceNoObjection {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        regulator(model, &self.agent)
    }
    fn perform(&self, model: &mut Model, turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let mut one = find(model, &self.agent, &self.activity)?;
        if one.status != LicenceStatus::Applied {
            return Err(814);
        }
        one.status = LicenceStatus::NoObjection;
        record(model, turn, one);
        Ok(())
    }
}

impl Authored for LicenceGrant {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let grantable = |status: &LicenceStatus| {
            let over = matches!(
                status,
                LicenceStatus::Expired { .. } | LicenceStatus::Surrendered { .. }
            );
            is_asked(status) || over || *status == LicenceStatus::Granted
        };
        let (agent, activity) = standing(author, model, grantable)?;
        let mut scope = LicenceScope::default();
        if author.chance(30) {
            scope.currencies = vec![code("PKR")];
        }
        if author.chance(30) {
            scope.corridors = vec![country("KG")];
        }
        if author.chance(30) {
            scope.payment_max = vec![Money {
                currency: code("PKR"),
                amount: Amount::from_minor(50_000),
            }];
        }
        let year = DAY.millis() * 365;
        let until = match author.random.u32(..8) {
            0 => chain.upcoming(),
            1 => chain.upcoming().after(millis(year + 1)),
            2..5 => after(author, chain),
            _ => chain.upcoming().after(millis(year)),
        };
        let from = author.chance(15).then(|| after(author, chain));
        let conditions = Vec::new();
        let one = Self {
            agent,
            activity,
            scope,
            conditions,
            from,
            until,
        };
        Some(one.into())
    }
}
impl Modelled for LicenceGrant {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        regulator(model, &self.agent)
    }
    fn perform(&self, model: &mut Model, turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let mut one = find(model, &self.agent, &self.activity)?;
        let activity = activity_of(model, one.lei, &self.activity)?;
        let varies = one.status == LicenceStatus::Granted;
        let applied = one.status == LicenceStatus::Applied && !activity.no_objection;
        let revoked = matches!(one.status, LicenceStatus::Revoked { .. });
        let goes_on = one.winds_down(model.time) && !revoked;
        if !varies && !applied && !goes_on && one.status != LicenceStatus::NoObjection {
            return Err(814);
        }
        let from = self.from.map_or(model.time, |from| from.millis());
        let from = from.max(model.time);
        let until = self.until.millis();
        if until <= from || until > from + activity.term_max_ms.millis() {
            return Err(815);
        }
        one.from = if varies { one.from.min(from) } else { from };
        one.until = until;
        one.status = LicenceStatus::Granted;
        one.scope = self.scope.clone();
        record(model, turn, one);
        Ok(())
    }
}

impl Authored for LicenceRefuse {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let (agent, activity) = standing(author, model, is_asked)?;
        let one = Self {
            agent,
            activity,
            legal_basis: basis(),
            order_hash: Hash::from_bytes([5; 32]),
        };
        Some(one.into())
    }
}
impl Modelled for LicenceRefuse {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        regulator(model, &self.agent)
    }
    fn perform(&self, model: &mut Model, turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let mut one = find(model, &self.agent, &self.activity)?;
        if !is_asked(&one.status) {
            return Err(814);
        }
        one.status = LicenceStatus::Refused;
        record(model, turn, one);
        Ok(())
    }
}

impl Authored for LicenceSuspend {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let (agent, activity) = standing(author, model, is_given)?;
        let ends = author.chance(60);
        let one = Self {
            agent,
            activity,
            until: ends.then(|| after(author, chain)),
            queued: *author.pick(&[QueuedPayments::Wait, QueuedPayments::Refuse]),
            client_withdrawals: author.chance(50),
            legal_basis: basis(),
            order_hash: Hash::from_bytes([5; 32]),
        };
        Some(one.into())
    }
}
impl Modelled for LicenceSuspend {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        regulator(model, &self.agent)
    }
    fn perform(&self, model: &mut Model, turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let mut one = find(model, &self.agent, &self.activity)?;
        if !is_given(&one.status) {
            return Err(814);
        }
        if self.until.is_some_and(|until| until.millis() <= model.time) {
            return Err(816);
        }
        one.status = LicenceStatus::Suspended(Suspension {
            until: self.until,
            queued: self.queued,
            client_withdrawals: self.client_withdrawals,
        });
        record(model, turn, one);
        Ok(())
    }
}

impl Authored for LicenceReinstate {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let suspended = |status: &LicenceStatus| matches!(status, LicenceStatus::Suspended(_));
        let (agent, activity) = standing(author, model, suspended)?;
        let one = Self {
            agent,
            activity,
            legal_basis: basis(),
            order_hash: Hash::from_bytes([5; 32]),
        };
        Some(one.into())
    }
}
impl Modelled for LicenceReinstate {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        regulator(model, &self.agent)
    }
    fn perform(&self, model: &mut Model, turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let mut one = find(model, &self.agent, &self.activity)?;
        if !matches!(one.status, LicenceStatus::Suspended(_)) {
            return Err(814);
        }
        one.status = LicenceStatus::Granted;
        record(model, turn, one);
        Ok(())
    }
}

impl Authored for LicenceRevoke {
    fn write(author: &mut Author, chain: &Chain, model: &Model) -> Option<Operation> {
        let (agent, activity) = standing(author, model, is_given)?;
        let one = Self {
            agent,
            activity,
            wind_down_until: after(author, chain),
            legal_basis: basis(),
            order_hash: Hash::from_bytes([5; 32]),
        };
        Some(one.into())
    }
}
impl Modelled for LicenceRevoke {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        regulator(model, &self.agent)
    }
    fn perform(&self, model: &mut Model, turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let mut one = find(model, &self.agent, &self.activity)?;
        if !is_given(&one.status) {
            return Err(814);
        }
        let wind_down_until = self.wind_down_until;
        if wind_down_until.millis() <= model.time {
            return Err(816);
        }
        one.status = LicenceStatus::Revoked { wind_down_until };
        record(model, turn, one);
        Ok(())
    }
}

impl Authored for LicenceSurrender {
    fn write(author: &mut Author, _chain: &Chain, model: &Model) -> Option<Operation> {
        let own =
            |status: &LicenceStatus| is_asked(status) || matches!(status, LicenceStatus::Granted);
        let (agent, activity) = standing(author, model, own)?;
        Some(Self { agent, activity }.into())
    }
}
impl Modelled for LicenceSurrender {
    fn groups(&self, model: &Model) -> Result<Vec<Group>, u16> {
        Ok(institution(model.debtor(&self.agent)?, None))
    }
    fn perform(&self, model: &mut Model, turn: &Turn, _open: &[Item]) -> Result<(), u16> {
        let mut one = find(model, &self.agent, &self.activity)?;
        if !is_asked(&one.status) && one.status != LicenceStatus::Granted {
            return Err(814);
        }
        let wind_down_until = if one.status == LicenceStatus::Granted {
            model.winding_down_of(one.lei)
        } else {
            karwan_types::Timestamp::from_millis(model.time)
        };
        one.status = LicenceStatus::Surrendered { wind_down_until };
        record(model, turn, one);
        Ok(())
    }
}
