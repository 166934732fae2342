//! The model's limits of the rulebook, counted in the oldest way: a list of amounts with their times.

use super::books::{Model, whole};
use super::broken::Break;
use super::queue::{Entry, Move};
use karwan_ledger::{Direction, LimitRule, OnExceed};
use karwan_types::{Amount, CurrencyCode, Lei, Uetr};

/// Said of a payment that is refused because of a limit.
pub(crate) const NO_ROOM: u16 = 1202;
/// The same, while the payment may wait for room.
pub(crate) const NO_ROOM_YET: u16 = 61_202;

/// The number under which a refusal is told.
pub(crate) fn told(code: Option<u16>) -> Option<u16> {
    code.map(|code| if code == NO_ROOM_YET { NO_ROOM } else { code })
}

const HOUR: u64 = 3_600_000;

/// Something that was paid or received under a 24-hour limit.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    who: Lei,
    currency: CurrencyCode,
    direction: Direction,
    time: u64,
    amount: i128,
    /// The hold that it stands for.
    hold: Option<(Lei, Uetr)>,
}

/// What is paid: by whom, to whom, in what, how much.
pub(crate) type Flow = (Lei, Lei, CurrencyCode, i128);

/// An institution that got room, in a currency and direction.
pub(crate) type Room = (Lei, CurrencyCode, Direction);

type Figure = fn(&LimitRule) -> Option<Amount>;
const DAY: Figure = |rule| rule.day_max;
const HOLDING: Figure = |rule| rule.holding_max;
const PAYMENT: Figure = |rule| rule.payment_max;

/// Whether something of that time counts in the hour of another: for a day, and to the end of that hour.
const fn counts(then: u64, now: u64) -> bool {
    then / HOUR + 24 >= now / HOUR
}

impl Model {
    fn rules_of(&self, (who, currency, direction): Room) -> impl Iterator<Item = &LimitRule> {
        let one = self.participant(who).expect("found before");
        let own = self.rulebook.national.iter();
        let own = own.filter(|part| part.jurisdiction == one.jurisdiction);
        let all = self.rulebook.common.limits.iter();
        let all = all.chain(own.flat_map(|part| &part.limits));
        let (kind, key) = (one.kind, (currency, direction));
        all.filter(move |rule| rule.kind == kind && (rule.currency, rule.direction) == key)
    }
    fn most(&self, of: Room, figure: Figure) -> Option<i128> {
        let figures = self.rules_of(of).filter_map(figure);
        figures.map(|amount| whole(amount.minor())).min()
    }
    fn refusal(&self, of: Room, most: i128, more: i128) -> u16 {
        let refuses = self
            .rules_of(of)
            .any(|rule| rule.on_exceed == OnExceed::Refuse);
        if refuses || more > most {
            NO_ROOM
        } else {
            NO_ROOM_YET
        }
    }
    pub(crate) fn used(&self, (who, currency, direction): Room) -> i128 {
        let of = |one: &&Counted| {
            (one.who, one.currency, one.direction) == (who, currency, direction)
                && counts(one.time, self.time)
        };
        self.counted.iter().filter(of).map(|one| one.amount).sum()
    }
    /// Every sum that counts for something.
    pub(crate) fn sums(&self) -> Vec<(Room, i128)> {
        let mut sums: Vec<(Room, i128)> = Vec::new();
        for one in &self.counted {
            let of = (one.who, one.currency, one.direction);
            let limited = self.most(of, DAY).is_some() && self.used(of) > 0;
            if limited && sums.iter().all(|(other, _)| *other != of) {
                sums.push((of, self.used(of)));
            }
        }
        sums.sort_unstable();
        sums
    }
    fn held_by(&self, who: Lei, currency: CurrencyCode) -> i128 {
        let own = self.accounts.iter();
        let own = own.filter(|one| {
            let contra = one.class == karwan_ledger::AccountClass::IssuerContra;
            one.owner == who && one.currency == currency && !contra
        });
        own.map(|one| one.posted).sum()
    }
    pub(crate) fn small_enough(&self, (from, to, currency, amount): Flow) -> Result<(), u16> {
        let sides = [
            (from, currency, Direction::Debit),
            (to, currency, Direction::Credit),
        ];
        for side in sides.into_iter().filter(|_| from != to) {
            if self.most(side, PAYMENT).is_some_and(|most| amount > most) {
                return Err(1201);
            }
        }
        Ok(())
    }

    /// Whether limits leave room for what settles in one moment, beside what may settle before it.
    pub(crate) fn has_room(
        &self,
        before: &[Vec<Flow>],
        flows: &[Flow],
    ) -> Result<(), (usize, u16)> {
        self.has_room_for(before, flows, [true, true])
    }
    fn has_room_for(
        &self,
        before: &[Vec<Flow>],
        flows: &[Flow],
        [debits, credits]: [bool; 2],
    ) -> Result<(), (usize, u16)> {
        if self.breaks(Break::IgnoresWindows) {
            return Ok(());
        }
        let gross = |flows: &[Flow], (who, currency, direction): Room| -> i128 {
            let of = |one: &&Flow| {
                let own = match direction {
                    Direction::Debit => one.0,
                    Direction::Credit => one.1,
                };
                own == who && one.2 == currency && one.0 != one.1
            };
            flows.iter().filter(of).map(|one| one.3).sum()
        };
        for (place, (from, to, currency, _)) in flows.iter().copied().enumerate() {
            if from == to {
                continue;
            }
            let (out, into) = (
                (from, currency, Direction::Debit),
                (to, currency, Direction::Credit),
            );
            for (side, _) in [(out, debits), (into, credits)].iter().filter(|one| one.1) {
                let Some(most) = self.most(*side, DAY) else {
                    continue;
                };
                let more = gross(flows, *side);
                let earlier: i128 = before.iter().map(|one| gross(one, *side)).sum();
                if self.used(*side) + earlier + more > most {
                    return Err((place, self.refusal(*side, most, more)));
                }
            }
            let net = |flows: &[Flow]| {
                gross(flows, into) - gross(flows, (to, currency, Direction::Debit))
            };
            if let Some(most) = self.most(into, HOLDING).filter(|_| net(flows) > 0) {
                let earlier: i128 = before.iter().map(|one| net(one).max(0)).sum();
                if self.held_by(to, currency) + earlier + net(flows) > most {
                    return Err((place, self.refusal(into, most, net(flows))));
                }
            }
        }
        Ok(())
    }
    pub(crate) fn flows_of(&self, moves: &[Move]) -> Vec<Flow> {
        let flow = |one: &Move| {
            let debit = self.account(&one.debit).expect("looked up before");
            let credit = self.account(&one.credit).expect("looked up before");
            (debit.owner, credit.owner, debit.currency, one.amount)
        };
        moves.iter().map(flow).collect()
    }
    /// Whether something waits for room and for nothing else.
    pub(crate) fn waits_for_room(&self, entry: &Entry) -> bool {
        let flow = |leg: &super::queue::Leg| {
            let creditor = self
                .who(&leg.terms.creditor_agent)
                .expect("it was looked up");
            let amount = whole(leg.terms.amount.minor());
            (leg.agent, creditor, leg.terms.currency, amount)
        };
        let flows: Vec<Flow> = entry.legs.iter().map(flow).collect();
        let failed = self.has_room(&[], &flows).err();
        failed.is_some_and(|(_, code)| code == NO_ROOM_YET)
    }
    /// How much more one may pay the other.
    pub(crate) fn room(&self, (from, to, currency): (Lei, Lei, CurrencyCode)) -> Option<i128> {
        if from == to || self.breaks(Break::IgnoresWindows) {
            return None;
        }
        let out = (from, currency, Direction::Debit);
        let most = self.most(out, DAY)?;
        Some((most - self.used(out)).max(0))
    }

    /// Counts what was paid, or set aside by a hold.
    pub(crate) fn count_payment(
        &mut self,
        flow: Flow,
        hold: Option<(Lei, Uetr)>,
        sides: [bool; 2],
    ) {
        let (from, to, currency, amount) = flow;
        let both = [
            (from, currency, Direction::Debit),
            (to, currency, Direction::Credit),
        ];
        for (side, _) in both
            .into_iter()
            .zip(sides)
            .filter(|one| one.1 && from != to)
        {
            if self.most(side, DAY).is_some() {
                let (who, currency, direction) = side;
                self.counted.push(Counted {
                    who,
                    currency,
                    direction,
                    time: self.time,
                    amount,
                    hold,
                });
            }
        }
    }
    /// Which sides of a hold have not counted yet.
    fn uncounted(&self, hold: (Lei, Uetr)) -> [bool; 2] {
        [Direction::Debit, Direction::Credit].map(|direction| {
            let mut all = self.counted.iter();
            !all.any(|one| one.hold == Some(hold) && one.direction == direction)
        })
    }
    /// Whether a hold may be paid out: where it has counted it needs no room, but there must be some where it has not.
    pub(crate) fn may_post(&self, hold: (Lei, Uetr), flow: Flow) -> Result<(), u16> {
        let checked = self.has_room_for(&[], &[flow], self.uncounted(hold));
        checked.map_err(|(_, code)| code)
    }
    pub(crate) fn count_post(&mut self, hold: (Lei, Uetr), flow: Flow, left: i128) {
        let sides = self.uncounted(hold);
        self.uncount(hold, left);
        self.count_payment(flow, None, sides);
    }
    /// Takes back what is not paid of a hold.
    pub(crate) fn uncount(&mut self, hold: (Lei, Uetr), left: i128) {
        let now = self.time;
        let mut rooms: Vec<Room> = Vec::new();
        for one in self.counted.iter_mut().filter(|one| one.hold == Some(hold)) {
            one.amount -= left;
            one.hold = None;
            if counts(one.time, now) && left > 0 {
                rooms.push((one.who, one.currency, one.direction));
            }
        }
        rooms.into_iter().for_each(|room| self.note_room(room));
    }
    fn note_room(&mut self, room: Room) {
        if !self.queue.is_empty() {
            self.rooms.push(room);
        }
    }
    /// Whoever has paid may hold more, which others may wait for.
    pub(crate) fn note_outflow(&mut self, number: &karwan_types::AccountNumber) {
        let account = self.account(number).expect("it has just paid");
        if account.class == karwan_ledger::AccountClass::IssuerContra {
            return;
        }
        let room = (account.owner, account.currency, Direction::Credit);
        let awaited = self.queue.iter().any(|entry| self.would_pay(entry, room));
        if awaited && self.most(room, HOLDING).is_some() {
            self.rooms.push(room);
        }
    }
    fn would_pay(&self, entry: &Entry, (who, currency, _): Room) -> bool {
        entry.legs.iter().any(|leg| {
            let creditor = self.who(&leg.terms.creditor_agent);
            creditor == Some(who) && leg.terms.currency == currency
        })
    }
    /// When something that counts will have stopped counting.
    pub(crate) fn windows_slide(&self) -> Vec<u64> {
        let slides = self.counted.iter().map(|one| (one.time / HOUR + 25) * HOUR);
        slides.collect()
    }
    /// What was paid in the first hour of a window has stopped counting.
    pub(crate) fn slide(&mut self, before: u64) {
        let now = self.time;
        let slid = self.counted.iter();
        let slid =
            slid.filter(|one| one.amount > 0 && counts(one.time, before) && !counts(one.time, now));
        let rooms: Vec<Room> = slid
            .map(|one| (one.who, one.currency, one.direction))
            .collect();
        rooms.into_iter().for_each(|room| self.note_room(room));
    }
    /// Whoever waits for room has a turn. Whether there was any.
    pub(crate) fn touch_for_room(&mut self) -> bool {
        let rooms = std::mem::take(&mut self.rooms);
        for room in &rooms {
            let (who, currency, direction) = *room;
            match direction {
                Direction::Debit => {
                    self.touch_all(|one| one.owner == who && one.currency == currency);
                }
                Direction::Credit => {
                    let paying = self.queue.iter();
                    let paying = paying.filter(|entry| self.would_pay(entry, *room));
                    let legs = paying.flat_map(|entry| &entry.legs);
                    let accounts: Vec<_> = legs.map(|leg| leg.debit.clone()).collect();
                    for account in accounts {
                        self.touch(&account);
                    }
                }
            }
        }
        !rooms.is_empty()
    }
}
