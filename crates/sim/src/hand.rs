//! The signing hand of a simulated node: the production signer, watched from outside, or sabotaged.

use crate::plan::Sabotage;
use karwan_consensus::{LogEntry, SignRequest, Signer, SignerError};
use karwan_storage::{FileSigner, StorageError};
use karwan_types::{ChainId, Height, PublicKey, SecretKey, Signature};

/// What signs for a node.
pub(crate) struct Hand {
    key: SecretKey,
    chain: ChainId,
    /// None for an observer.
    signer: Option<FileSigner>,
    sabotage: Option<Sabotage>,
    /// What was signed since the world last looked.
    pub(crate) made: Vec<SignRequest>,
}

impl Hand {
    pub(crate) fn new(
        key: SecretKey,
        chain: ChainId,
        signer: Option<FileSigner>,
        sabotage: Option<Sabotage>,
    ) -> Self {
        Self {
            key,
            chain,
            signer,
            sabotage,
            made: Vec::new(),
        }
    }

    /// Forgets the entries up to a height whose block is synced.
    pub(crate) fn committed(&mut self, height: Height) -> Result<(), StorageError> {
        match &mut self.signer {
            Some(signer) => signer.committed(height),
            None => Ok(()),
        }
    }

    fn loses_its_log(&self) -> bool {
        match self.sabotage {
            Some(Sabotage::Log | Sabotage::Watermark) => true,
            Some(Sabotage::Flush | Sabotage::Quorum) | None => false,
        }
    }
}

impl Signer for Hand {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn append(&mut self, entry: &LogEntry) {
        let lost = self.loses_its_log();
        if let Some(signer) = &mut self.signer
            && !lost
        {
            signer.append(entry);
        }
    }

    fn sync(&mut self) {
        if let Some(signer) = &mut self.signer {
            signer.sync();
        }
    }

    fn sign(&mut self, request: &SignRequest) -> Result<Signature, SignerError> {
        let ignores_the_watermark = self.sabotage == Some(Sabotage::Watermark);
        let signer = self.signer.as_mut().ok_or(SignerError::NoKey)?;
        let signature = if ignores_the_watermark {
            request.sign_with(&self.key, &self.chain)
        } else {
            signer.sign(request)?
        };
        self.made.push(request.clone());
        Ok(signature)
    }
}
