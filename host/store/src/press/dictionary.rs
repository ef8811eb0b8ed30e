//! Compresses the objects of one kind with what they have in common.
//!
//! Alone, an object of 4 KB compresses badly: most of what repeats repeats between objects, not within one. A dictionary
//! trained on some of them holds that once for all of them.

use std::sync::{Arc, Mutex, PoisonError};

use backplane_core::ports::ObjectBytes;
use zstd_safe::{CCtx, CDict, DCtx, DDict};

use super::recent::Recent;

/// Bytes of a dictionary. Larger ones gain nothing on Pods.
const DICTIONARY_BYTES: usize = 32 << 10;
/// Compression level. The highest gain a few percent on objects of this size and cost six times as much.
const LEVEL: i32 = 3;

/// What packs and unpacks the objects of one watch.
pub(crate) struct Dictionary {
    watch: u32,
    compressing: CDict<'static>,
    decompressing: DDict<'static>,
    tools: Arc<Tools>,
}

/// What all dictionaries of a watch share.
pub(super) struct Tools {
    compressor: Mutex<CCtx<'static>>,
    decompressor: Mutex<DCtx<'static>>,
    recent: Arc<Recent>,
}

impl Tools {
    pub(super) fn new(recent: Arc<Recent>) -> Self {
        Self { compressor: Mutex::default(), decompressor: Mutex::default(), recent }
    }
}

impl Dictionary {
    /// Learns from samples; what cannot be learnt from them is done without.
    pub(super) fn train(watch: u32, tools: &Arc<Tools>, samples: &[ObjectBytes]) -> Self {
        let sizes: Vec<usize> = samples.iter().map(|sample| sample.len()).collect();
        let mut learnt: Vec<u8> = Vec::with_capacity(DICTIONARY_BYTES);
        // Too few samples, or too much alike, are an error to the trainer; then the dictionary stays empty.
        let trained = zstd_safe::train_from_buffer(&mut learnt, &samples.concat(), &sizes);
        if trained.is_err() {
            learnt.clear();
        }
        let (compressing, decompressing) = (CDict::create(&learnt, LEVEL), DDict::create(&learnt));
        Self { watch, compressing, decompressing, tools: Arc::clone(tools) }
    }

    #[cfg(test)]
    pub(crate) fn of(samples: &[ObjectBytes]) -> Self {
        Self::train(0, &Arc::new(Tools::new(Arc::new(Recent::new(0)))), samples)
    }

    /// Adds the compressed text to the end of `out`.
    pub(crate) fn compress(&self, text: &[u8], out: &mut Vec<u8>) {
        let mut frame: Vec<u8> = Vec::with_capacity(zstd_safe::compress_bound(text.len()));
        let mut compressor = self.tools.compressor.lock().unwrap_or_else(PoisonError::into_inner);
        compressor.compress_using_cdict(&mut frame, text, &self.compressing).expect("the bound leaves room enough");
        out.extend_from_slice(&frame);
    }

    /// The text of a frame made by [`Dictionary::compress`], which is at most `size` long.
    pub(crate) fn decompress(&self, frame: &[u8], size: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(size);
        let mut decompressor = self.tools.decompressor.lock().unwrap_or_else(PoisonError::into_inner);
        let done = decompressor.decompress_using_ddict(&mut text, frame, &self.decompressing);
        done.expect("what this dictionary compressed it also decompresses");
        text
    }

    /// An object of this version and uid, from among those unpacked lately or by unpacking it.
    pub(crate) fn recent(&self, version: u64, uid: &str, unpack: impl FnOnce() -> ObjectBytes) -> ObjectBytes {
        self.tools.recent.get_or((self.watch, version), uid, unpack)
    }
}
