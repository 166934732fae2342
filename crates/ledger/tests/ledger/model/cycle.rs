//! The model's liquidity-saving cycle: every question is answered from the list of what waits, from scratch.

use super::books::Model;
use super::broken::Break;
use super::queue::{Entry, Limit, Move};
use super::usage::NO_ROOM;
use karwan_ledger::{PaymentTerms, Priority};
use karwan_types::{AccountNumber, CurrencyCode, Lei};

/// What a cycle did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cycle {
    pub(crate) height: u64,
    pub(crate) looked_at: u32,
    pub(crate) settled: [u32; 3],
    pub(crate) excluded: u32,
    /// Currency, value, liquidity used.
    pub(crate) values: Vec<(CurrencyCode, i128, i128)>,
}

/// A payment before the cycle.
#[derive(Clone, Debug)]
struct Candidate {
    number: u64,
    class: Priority,
    moves: Vec<Move>,
}

impl Candidate {
    fn debits(&self, account: &AccountNumber) -> bool {
        self.moves.iter().any(|one| one.debit == *account)
    }
    /// Whether it is nothing but a payment from one account to another.
    fn goes(&self, from: &AccountNumber, to: &AccountNumber) -> bool {
        let [only] = self.moves.as_slice() else {
            return false;
        };
        only.debit == *from && only.credit == *to
    }
}

impl Model {
    /// Whether this block ends with a cycle.
    pub(crate) fn cycle_is_due(&self, waited_before: usize) -> bool {
        let rules = &self.rulebook.common.queue;
        let every = u64::from(rules.cycle_blocks);
        let turn = every > 0 && self.height.is_multiple_of(every);
        let length = usize::try_from(rules.cycle_length).expect("small");
        let reached = length > 0 && self.queue.len() >= length && waited_before < length;
        !self.queue.is_empty() && (turn || reached || self.cycle_wanted)
    }

    pub(crate) fn run_cycle(&mut self) {
        let open = self.candidates();
        let mut open = self.keep_limits(open);
        if open.is_empty() {
            return;
        }
        let mut cycle = Cycle {
            height: self.height,
            looked_at: u32::try_from(open.len()).expect("few"),
            settled: [0; 3],
            excluded: 0,
            values: Vec::new(),
        };
        let mut paid: Vec<Candidate> = Vec::new();
        let accounts = self.accounts_of(&open);
        while let Some(place) = (0..open.len()).find(|place| self.settles_alone(&open, *place)) {
            let one = open.remove(place);
            cycle.settled[0] += 1;
            paid.push(one.clone());
            self.post_all(&[one]);
        }
        for (index, low) in accounts.iter().enumerate() {
            for high in &accounts[index + 1..] {
                let chosen = if self.breaks(Break::NoPairs) {
                    Vec::new()
                } else {
                    self.largest_pair(&open, low, high)
                };
                open.retain(|one| chosen.iter().all(|other| other.number != one.number));
                cycle.settled[1] += u32::try_from(chosen.len()).expect("few");
                paid.extend(chosen.iter().cloned());
                self.post_all(&chosen);
            }
        }
        let mut active = open.clone();
        if self.breaks(Break::NoExclusion) {
            active.clear();
        }
        while let Some(number) = self.has_to_go(&accounts, &active) {
            active.retain(|one| one.number != number);
            // What is left behind a strict one that went has to go, too.
            let behind = |active: &Vec<Candidate>| {
                let blocked = |one: &&Candidate| {
                    let before = Self::strict_before(&open, one);
                    let gone = |other: &&Candidate| {
                        active.iter().all(|still| still.number != other.number)
                    };
                    before.iter().any(gone)
                };
                active.iter().find(blocked).map(|one| one.number)
            };
            while let Some(number) = behind(&active).filter(|_| !self.breaks(Break::ExcludesAlone))
            {
                active.retain(|one| one.number != number);
            }
        }
        cycle.excluded = u32::try_from(open.len() - active.len()).expect("few");
        cycle.settled[2] = u32::try_from(active.len()).expect("few");
        paid.extend(active.iter().cloned());
        self.post_all(&active);
        cycle.values = self.values(&accounts, &paid);
        self.cycles.push(cycle);
    }

    /// What waits for nothing but money, in the order of the queue. What the rules forbid by now is refused.
    fn candidates(&mut self) -> Vec<Candidate> {
        let most = self.rulebook.common.queue.cycle_entries_max;
        let most = usize::try_from(most).expect("small");
        let mut candidates = Vec::new();
        let mut before: Vec<PaymentTerms> = Vec::new();
        // Urgent and high ones that are left out: nobody passes them.
        let mut left: Vec<Entry> = Vec::new();
        let mut legs = 0;
        for number in self.whole_queue() {
            if legs >= most {
                break;
            }
            let entry = self.entry(number).clone();
            if !self.may_go(&entry) {
                continue;
            }
            match self.moves_of(&entry) {
                Err(failed) => {
                    legs += entry.legs.len();
                    self.refuse_leg(number, failed);
                }
                Ok(moves) => {
                    let room = self.has_room(&[], &self.flows_of(&moves));
                    if let Err(failed) = room
                        && failed.1 == NO_ROOM
                    {
                        legs += entry.legs.len();
                        self.refuse_leg(number, failed);
                        continue;
                    }
                    let owes = |one: &Move| self.owes_nothing(&one.debit).is_err();
                    let passes =
                        |other: &Entry| entry.legs.iter().any(|leg| other.debits(&leg.debit));
                    let stays = room.is_err()
                        || moves.iter().any(owes)
                        || left.iter().any(passes)
                        || self.is_too_much(&entry, &before);
                    if stays {
                        if entry.class != Priority::Norm {
                            left.push(entry);
                        }
                        continue;
                    }
                    before.extend(entry.legs.iter().map(|leg| leg.terms.clone()));
                    legs += moves.len();
                    candidates.push(Candidate {
                        number,
                        class: entry.class,
                        moves,
                    });
                }
            }
        }
        candidates
    }
    /// Those that keep the limits whichever of them settle; nothing passes a strict one that is left out.
    fn keep_limits(&self, open: Vec<Candidate>) -> Vec<Candidate> {
        let mut kept: Vec<Candidate> = Vec::new();
        for one in &open {
            let is_kept = |other: &&Candidate| kept.iter().all(|kept| kept.number != other.number);
            let passes = Self::strict_before(&open, one).iter().any(is_kept);
            let before: Vec<_> = kept.iter().map(|one| self.flows_of(&one.moves)).collect();
            let flows = self.flows_of(&one.moves);
            if !passes && self.has_room(&before, &flows).is_ok() {
                kept.push(one.clone());
            }
        }
        kept
    }
    /// Whether a payment would need an attestation if all the candidates before it settled.
    fn is_too_much(&self, entry: &Entry, before: &[PaymentTerms]) -> bool {
        let before: Vec<&PaymentTerms> = before.iter().collect();
        self.travel_checked(&entry.terms(), &before).is_err()
    }
    /// By currency, institution and number.
    fn accounts_of(&self, open: &[Candidate]) -> Vec<AccountNumber> {
        let mut accounts: Vec<_> = self
            .accounts
            .iter()
            .filter(|account| {
                let mut moves = open.iter().flat_map(|one| &one.moves);
                moves.any(|one| one.debit == account.number || one.credit == account.number)
            })
            .collect();
        accounts.sort_by_key(|one| (one.currency, one.owner, one.number.clone()));
        accounts.iter().map(|one| one.number.clone()).collect()
    }

    /// The urgent and high payments of the same account that stand before a payment.
    fn strict_before<'a>(open: &'a [Candidate], one: &Candidate) -> Vec<&'a Candidate> {
        let before = open.iter().take_while(|other| other.number != one.number);
        let strict = |other: &&Candidate| other.class != Priority::Norm;
        let same = |other: &&Candidate| one.moves.iter().any(|leg| other.debits(&leg.debit));
        before.filter(strict).filter(same).collect()
    }
    fn settles_alone(&self, open: &[Candidate], place: usize) -> bool {
        let one = &open[place];
        Self::strict_before(open, one).is_empty() && self.shortage(one).is_none()
    }
    /// What keeps something that settles in one moment from settling, and because of which of its payments.
    fn shortage(&self, one: &Candidate) -> Option<(usize, u16)> {
        let alone = std::slice::from_ref(one);
        let debits = || one.moves.iter().map(|leg| &leg.debit);
        let broken = debits().filter_map(|account| self.broken_limit(account, alone));
        if let Some(limit) = broken.min_by_key(|one| (one.debtor, one.creditor, one.currency)) {
            let of = |account: &AccountNumber| {
                let account = self.account(account).expect("looked up before");
                account.currency == limit.currency
            };
            return debits().position(of).map(|place| (place, 1303));
        }
        if let Some(place) = debits().position(|account| self.owes_nothing(account).is_err()) {
            return Some((place, 1301));
        }
        let short = debits().filter(|account| !self.keeps_floor(account, alone));
        let first = short.min()?;
        let place = debits().position(|account| account == first);
        place.map(|place| (place, 1301))
    }
    /// Settles several payments in one moment, one perhaps out of what another brings.
    pub(crate) fn settle_together(
        &mut self,
        moves: &[Move],
        class: Priority,
    ) -> Result<(), (usize, u16)> {
        let all = Candidate {
            number: 0,
            class,
            moves: moves.to_vec(),
        };
        if let Some(failed) = self.shortage(&all) {
            return Err(failed);
        }
        for one in &all.moves {
            self.move_money(&one.debit, &one.credit, one.amount, class);
        }
        Ok(())
    }

    /// The largest front parts of the payments between two accounts that settle against each other.
    fn largest_pair(
        &self,
        open: &[Candidate],
        low: &AccountNumber,
        high: &AccountNumber,
    ) -> Vec<Candidate> {
        let walk = |from: &AccountNumber, to: &AccountNumber| {
            let mut walk: Vec<Candidate> = Vec::new();
            for one in open.iter().filter(|one| one.goes(from, to)) {
                let in_walk =
                    |other: &&Candidate| walk.iter().any(|chosen| chosen.number == other.number);
                if Self::strict_before(open, one).iter().all(in_walk) {
                    walk.push(one.clone());
                }
            }
            walk
        };
        let (forth, back) = (walk(low, high), walk(high, low));
        let mut best: Vec<Candidate> = Vec::new();
        for first in 1..=forth.len() {
            for second in 1..=back.len() {
                let both = [&forth[..first], &back[..second]].concat();
                let fits = [low, high].iter().all(|account| {
                    self.keeps_floor(account, &both) && self.broken_limit(account, &both).is_none()
                });
                if fits && both.len() > best.len() {
                    best = both;
                }
            }
        }
        let place = |one: &Candidate| open.iter().position(|other| other.number == one.number);
        best.sort_by_key(place);
        best
    }

    /// The payment that has to go first, if not all of them can settle at once.
    fn has_to_go(&self, accounts: &[AccountNumber], active: &[Candidate]) -> Option<u64> {
        let mut seen: Vec<(CurrencyCode, Lei)> = Vec::new();
        for number in accounts {
            if !self.keeps_floor(number, active) {
                let mut own = active.iter().filter(|one| one.debits(number));
                let chosen = if self.breaks(Break::ExcludesTheFirst) {
                    own.next()
                } else {
                    own.next_back()
                };
                return chosen.map(|one| one.number);
            }
            let account = self.account(number).expect("listed above");
            let party = (account.currency, account.owner);
            if seen.contains(&party) {
                continue;
            }
            seen.push(party);
            if let Some(limit) = self.broken_limit(number, active) {
                let under =
                    |one: &&Candidate| one.moves.iter().any(|leg| self.is_under(limit, leg));
                return active.iter().rfind(under).map(|one| one.number);
            }
        }
        None
    }
    /// Whether an account can move what some payments move of it at once.
    fn keeps_floor(&self, number: &AccountNumber, moving: &[Candidate]) -> bool {
        let account = self.account(number).expect("listed before");
        let out = |class| -> i128 {
            let of_class = moving.iter().filter(|one| one.class == class);
            let legs = of_class.flat_map(|one| &one.moves);
            let own = legs.filter(|leg| leg.debit == *number);
            own.map(|leg| leg.amount).sum()
        };
        let [urgent, high, norm] = [Priority::Urgt, Priority::High, Priority::Norm].map(out);
        let legs = moving.iter().flat_map(|one| &one.moves);
        let incoming = legs.filter(|leg| leg.credit == *number);
        let incoming: i128 = incoming.map(|leg| leg.amount).sum();
        let lent = if account.overdue { 0 } else { account.line };
        let left = account.posted - account.held + lent + incoming - urgent - high - norm;
        let for_urgent = (account.for_urgent - urgent).max(0);
        let for_high = (account.for_high - high).max(0);
        if norm > 0 {
            left >= for_urgent + for_high
        } else if high > 0 {
            left >= for_urgent
        } else {
            urgent == 0 || left >= 0
        }
    }
    fn is_under(&self, limit: &Limit, one: &Move) -> bool {
        let debit = self.account(&one.debit).expect("listed before");
        let credit = self.account(&one.credit).expect("listed before");
        debit.currency == limit.currency
            && debit.owner == limit.debtor
            && credit.owner == limit.creditor
    }
    /// The first limit of an account's owner that some payments break together.
    fn broken_limit(&self, number: &AccountNumber, moving: &[Candidate]) -> Option<&Limit> {
        let account = self.account(number).expect("listed before");
        let own =
            |limit: &&Limit| limit.debtor == account.owner && limit.currency == account.currency;
        let mut limits: Vec<&Limit> = self.limits.iter().filter(own).collect();
        limits.sort_by_key(|limit| limit.creditor);
        limits.into_iter().find(|limit| {
            let back = Limit {
                debtor: limit.creditor,
                creditor: limit.debtor,
                ..(*limit).clone()
            };
            let sum = |limit: &Limit| -> i128 {
                let legs = moving.iter().flat_map(|one| &one.moves);
                let under = legs.filter(|leg| self.is_under(limit, leg));
                under.map(|leg| leg.amount).sum()
            };
            let net = sum(limit) - sum(&back);
            net > 0 && limit.position + net > limit.limit
        })
    }

    fn post_all(&mut self, all: &[Candidate]) {
        for one in all {
            for leg in &one.moves {
                self.move_money(&leg.debit, &leg.credit, leg.amount, one.class);
            }
        }
        for one in all {
            self.finish_waiting(one.number, &one.moves);
        }
    }
    fn values(
        &self,
        accounts: &[AccountNumber],
        paid: &[Candidate],
    ) -> Vec<(CurrencyCode, i128, i128)> {
        let mut values: Vec<(CurrencyCode, i128, i128)> = Vec::new();
        for number in accounts {
            let currency = self.account(number).expect("listed before").currency;
            let sum = |of: fn(&Move) -> &AccountNumber| -> i128 {
                let legs = paid.iter().flat_map(|one| &one.moves);
                let own = legs.filter(|leg| of(leg) == number);
                own.map(|leg| leg.amount).sum()
            };
            let (out, back) = (sum(|one| &one.debit), sum(|one| &one.credit));
            let place = values.iter().position(|value| value.0 == currency);
            let place = place.unwrap_or_else(|| {
                values.push((currency, 0, 0));
                values.len() - 1
            });
            values[place].1 += out;
            values[place].2 += (out - back).max(0);
        }
        values.retain(|value| value.1 > 0);
        values
    }
}
