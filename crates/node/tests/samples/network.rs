//! Four replicas that exchange messages without loss under a fixed clock: enough to see real payments become final.

use karwan_consensus::{LogEntry, SignRequest, Signer, SignerError, TimeoutLength, Timeouts};
use karwan_iso20022::LedgerFields;
use karwan_ledger::{
    AccountClass, AccountStatus, ApprovalTier, Genesis, GenesisAccount, GenesisCurrency,
    GenesisDocument, GenesisJurisdiction, GenesisKey, GenesisParticipant, Operation,
    ParticipantKind, Role, Rulebook, Transaction, VerifiedTransaction,
};
use karwan_replica::{
    Action, CheckedBody, Event, PeerMessage, Recipient, Replica, ReplicaConfig, Tip,
};
use karwan_types::{
    AccountNumber, AgentIdentification, Amount, BlockFrame, ChainId, CurrencyCode, DurationMs,
    Hash, Lei, Outcome, PublicKey, RECEIPT_VERSION, Receipt, SecretKey, Signature, Timestamp,
    TrustAnchor, Validator, merkle_path, mod_97,
};
use std::collections::VecDeque;
use std::sync::Arc;

const HOUR: DurationMs = DurationMs::from_millis(3_600_000);

fn secret(name: &str) -> SecretKey {
    let mut seed = [0; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    SecretKey::from_seed(&seed)
}

/// An invented LEI with right check digits.
fn lei(number: usize) -> Lei {
    let body = format!("TEST00SAMPLES{number:05}");
    let check = 98 - mod_97(&format!("{body}00")).unwrap();
    format!("{body}{check:02}").parse().unwrap()
}

fn participant(
    number: usize,
    agent: Option<&AgentIdentification>,
    accounts: Vec<GenesisAccount>,
) -> GenesisParticipant {
    let (bic, members) = match agent {
        Some(AgentIdentification::Bic(bic)) => (Some(*bic), Vec::new()),
        Some(AgentIdentification::ClearingMember(member)) => (None, vec![member.clone()]),
        Some(AgentIdentification::Lei(_)) | None => (None, Vec::new()),
    };
    GenesisParticipant {
        lei: lei(number),
        name: format!("Institution {number}").parse().unwrap(),
        bic,
        jurisdiction: "PK".parse().unwrap(),
        kind: if agent.is_some() {
            ParticipantKind::Bank
        } else {
            ParticipantKind::CentralBank
        },
        members,
        payload_recipient: None,
        policy: vec![ApprovalTier {
            up_to: None,
            makers: 1,
            checkers: 0,
            releasers: 0,
        }],
        keys: vec![GenesisKey {
            key: secret(&format!("maker {number}")).public_key(),
            role: Role::Maker,
        }],
        accounts,
        licences: Vec::new(),
    }
}

fn account(
    number: Option<&AccountNumber>,
    fallback: &str,
    currency: CurrencyCode,
    opening: Amount,
) -> GenesisAccount {
    GenesisAccount {
        number: number.cloned().unwrap_or_else(|| fallback.parse().unwrap()),
        currency,
        class: AccountClass::Settlement,
        status: AccountStatus::Open,
        opening,
    }
}

fn genesis(fields: &LedgerFields, time: Timestamp) -> Genesis {
    let currency = fields.currency;
    let validators = (0..4).map(|number| Validator {
        key: secret(&format!("validator {number}")).public_key(),
        power: 1,
        jurisdiction: "PK".parse().unwrap(),
    });
    let debit = account(
        fields.debtor_agent_account.as_ref(),
        "DEBTOR-1",
        currency,
        fields.amount,
    );
    let credit = account(
        fields.creditor_agent_account.as_ref(),
        "CREDITOR-1",
        currency,
        Amount::ZERO,
    );
    let mut rulebook = Rulebook::plain(HOUR, HOUR);
    let methods = ["CLRG", "INDA", "INGA"].map(|code| code.parse().unwrap());
    rulebook.common.settlement_methods = methods.into();
    Genesis::new(GenesisDocument {
        network: "samples".parse().unwrap(),
        time,
        rulebook,
        jurisdictions: vec![GenesisJurisdiction {
            code: "PK".parse().unwrap(),
            governors: vec![secret("governor").public_key()],
            regulators: Vec::new(),
            supervisors: Vec::new(),
            courts: Vec::new(),
            auditors: Vec::new(),
        }],
        validators: validators.collect(),
        currencies: vec![GenesisCurrency {
            code: currency,
            issuer: lei(0),
            contra: "CONTRA-1".parse().unwrap(),
            payment_max: fields.amount,
            payment_min: Amount::from_minor(1),
            supply_cap: fields.amount,
            utc_offset_minutes: 0,
            issuer_window: (0, 1_440),
        }],
        participants: vec![
            participant(0, None, Vec::new()),
            participant(1, Some(&fields.debtor_agent), vec![debit]),
            participant(2, Some(&fields.creditor_agent), vec![credit]),
        ],
    })
    .unwrap()
}

/// Signs without a disk: nothing crashes here.
struct Hand {
    chain: ChainId,
    key: SecretKey,
}

impl Signer for Hand {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }
    fn append(&mut self, _entry: &LogEntry) {}
    fn sync(&mut self) {}
    fn sign(&mut self, request: &SignRequest) -> Result<Signature, SignerError> {
        Ok(self
            .key
            .sign(request.domain(), &self.chain, &request.body()))
    }
}

struct Node {
    replica: Replica,
    hand: Hand,
    frames: Vec<Arc<BlockFrame>>,
}

/// The network and what is on its way.
pub(crate) struct Network {
    genesis: Genesis,
    time: Timestamp,
    nodes: Vec<Node>,
    events: VecDeque<(usize, Event)>,
}

impl Network {
    /// A network whose genesis holds the agents, accounts and currency of a payment.
    pub(crate) fn for_payment(fields: &LedgerFields, time: Timestamp) -> Self {
        let genesis = genesis(fields, time);
        let mut network = Self {
            genesis,
            time: time.after(DurationMs::from_millis(1)),
            nodes: Vec::new(),
            events: VecDeque::new(),
        };
        for number in 0..4 {
            network.start(number);
        }
        network
    }

    fn start(&mut self, number: usize) {
        let chain = self.genesis.chain_id;
        let mut hand = Hand {
            chain,
            key: secret(&format!("validator {number}")),
        };
        let length = TimeoutLength {
            first: DurationMs::from_millis(1_000),
            increase: DurationMs::from_millis(500),
        };
        let config = ReplicaConfig {
            chain_id: chain,
            local: Some(hand.public_key()),
            timeouts: Timeouts {
                propose: length,
                prevote: length,
                precommit: length,
                rebroadcast: length,
            },
            heartbeat: HOUR,
            clock_tolerance: HOUR,
            patience: HOUR,
        };
        let tip = Tip {
            hash: chain.0,
            state: self.genesis.state.clone(),
        };
        let (replica, actions) = Replica::recover(config, tip, Vec::new(), self.time, &mut hand);
        self.nodes.push(Node {
            replica,
            hand,
            frames: Vec::new(),
        });
        self.perform(number, actions);
    }

    /// Submits an instruction signed by the debtor's maker to one node and waits until all four have it final.
    pub(crate) fn settle(&mut self, operation: Operation) -> Receipt {
        let chain = self.genesis.chain_id;
        let transaction = Transaction::unsigned(chain, operation, self.time.after(HOUR))
            .signed_by(&secret("maker 1"));
        let verified = VerifiedTransaction::from_encoded(transaction.to_encoded(), &chain).unwrap();
        let id = verified.id();
        self.events.push_back((0, Event::Submitted(verified)));
        while let Some((number, event)) = self.events.pop_front() {
            let node = &mut self.nodes[number];
            let actions = node.replica.step(self.time, event, &mut node.hand);
            self.perform(number, actions);
        }
        let holds = |frame: &&Arc<BlockFrame>| {
            frame
                .outcomes
                .iter()
                .any(|outcome| outcome.transaction == Some(id))
        };
        let frame = self.nodes[3]
            .frames
            .iter()
            .find(holds)
            .expect("the payment is final on the last node");
        receipt(
            frame,
            frame
                .outcomes
                .iter()
                .position(|outcome| outcome.transaction == Some(id))
                .unwrap(),
        )
    }

    fn perform(&mut self, number: usize, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send { to, message } => self.send(number, to, &message),
                Action::Commit { frame, .. } => {
                    let height = frame.block.header.height;
                    self.nodes[number].frames.push(frame);
                    self.events.push_front((number, Event::Committed(height)));
                }
                Action::Schedule(..)
                | Action::Cancel(_)
                | Action::CancelEngineTimers
                | Action::Answer(..)
                | Action::Note(_) => {}
            }
        }
    }

    fn send(&mut self, from: usize, to: Recipient, message: &PeerMessage) {
        let sender = self.nodes[from].hand.public_key();
        for number in (0..4).filter(|number| *number != from) {
            if to != Recipient::All
                && to != Recipient::Peer(secret(&format!("validator {number}")).public_key())
            {
                continue;
            }
            let event = match message {
                PeerMessage::Body(block) => {
                    let body = CheckedBody::check(block.clone(), &self.genesis.chain_id, &|_| None);
                    Event::Body { from: sender, body }
                }
                PeerMessage::Transactions(encoded) => {
                    let one = VerifiedTransaction::from_encoded(
                        encoded[0].clone(),
                        &self.genesis.chain_id,
                    );
                    Event::Forwarded(one.unwrap())
                }
                PeerMessage::Consensus(_)
                | PeerMessage::Status(_)
                | PeerMessage::BodyWanted { .. }
                | PeerMessage::FramesWanted(_)
                | PeerMessage::Frames(_) => Event::Peer {
                    from: sender,
                    message: message.clone(),
                },
            };
            self.events.push_back((number, event));
        }
    }

    /// What a verifier knows beforehand.
    pub(crate) fn anchor(&self) -> TrustAnchor {
        self.genesis.trust_anchor()
    }

    /// All four nodes stored the same blocks.
    pub(crate) fn assert_agreed(&self) {
        let hashes = |node: &Node| {
            node.frames
                .iter()
                .map(|frame| frame.block.hash())
                .collect::<Vec<Hash>>()
        };
        assert!(!self.nodes[0].frames.is_empty());
        assert!(
            self.nodes
                .iter()
                .all(|node| hashes(node) == hashes(&self.nodes[0]))
        );
    }
}

fn receipt(frame: &BlockFrame, position: usize) -> Receipt {
    let leaves: Vec<Hash> = frame.outcomes.iter().map(Outcome::hash).collect();
    Receipt {
        version: RECEIPT_VERSION,
        outcome: frame.outcomes[position].clone(),
        path: merkle_path(&leaves, position).unwrap(),
        header: frame.block.header.clone(),
        certificate: frame.certificate.clone(),
        validator_changes: Vec::new(),
    }
}
