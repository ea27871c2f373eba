//! An object store in memory, some of whose operations fail.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// What happens to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A put leaves nothing and fails.
    PutFails,
    /// A put leaves nothing and fails for want of room.
    PutFull,
    /// A put leaves a part of the object and fails.
    PutTorn,
    /// A put leaves the whole object, but is answered with an error.
    PutAnswerLost,
    /// A put panics.
    PutPanics,
    /// A read fails.
    GetFails,
    /// A read finds no object.
    GetNotFound,
    /// A read answers fewer bytes than asked for.
    GetShort,
}

impl Fault {
    pub(crate) const PUTS: [Self; 4] = [Self::PutFails, Self::PutFull, Self::PutTorn, Self::PutAnswerLost];
    pub(crate) const GETS: [Self; 3] = [Self::GetFails, Self::GetNotFound, Self::GetShort];

    fn is_put(self) -> bool {
        Self::PUTS.contains(&self) || self == Self::PutPanics
    }
}

#[derive(Debug, Default)]
struct Plan {
    /// The fault, and how many of its operations pass before it.
    next: Option<(Fault, usize)>,
    gets: usize,
}

/// The store; clones share objects and faults.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultyStore {
    pub(crate) objects: Arc<InMemory>,
    plan: Arc<Mutex<Plan>>,
}

impl FaultyStore {
    /// The operation after the next `after` ones fails once.
    pub(crate) fn fail(&self, fault: Fault, after: usize) {
        self.plan.lock().unwrap().next = Some((fault, after));
    }

    /// Forgets the fault; answers whether it was still waiting.
    pub(crate) fn heal(&self) -> bool {
        self.plan.lock().unwrap().next.take().is_some()
    }

    /// Reads so far.
    pub(crate) fn gets(&self) -> usize {
        self.plan.lock().unwrap().gets
    }

    fn strike(&self, put: bool) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap();
        plan.gets += usize::from(!put);
        let (fault, after) = plan.next.filter(|(fault, _)| fault.is_put() == put)?;
        plan.next = after.checked_sub(1).map(|after| (fault, after));
        (after == 0).then_some(fault)
    }
}

fn failure(kind: io::ErrorKind) -> Error {
    Error::Generic { store: "faulty", source: Box::new(io::Error::from(kind)) }
}

fn not_found(location: &Path) -> Error {
    Error::NotFound { path: location.to_string(), source: "as planned".into() }
}

impl fmt::Display for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyStore")
    }
}

#[async_trait::async_trait]
impl ObjectStore for FaultyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        match self.strike(true) {
            Some(Fault::PutPanics) => panic!("as planned"),
            Some(Fault::PutFull) => return Err(failure(io::ErrorKind::StorageFull)),
            Some(Fault::PutTorn) => {
                let whole: Vec<u8> = payload.iter().flat_map(|part| part.iter().copied()).collect();
                let torn = Bytes::copy_from_slice(&whole[..whole.len() / 2]);
                self.objects.put_opts(location, torn.into(), opts).await?;
            }
            Some(Fault::PutAnswerLost) => {
                self.objects.put_opts(location, payload, opts).await?;
            }
            Some(_) => {}
            None => return self.objects.put_opts(location, payload, opts).await,
        }
        Err(failure(io::ErrorKind::Other))
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(failure(io::ErrorKind::Unsupported))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match self.strike(false) {
            Some(Fault::GetNotFound) => Err(not_found(location)),
            Some(_) => Err(failure(io::ErrorKind::Other)),
            None => self.objects.get_opts(location, options).await,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let fault = self.strike(false);
        match fault {
            Some(Fault::GetNotFound) => Err(not_found(location)),
            Some(Fault::GetFails) => Err(failure(io::ErrorKind::Other)),
            _ => {
                let mut found = self.objects.get_ranges(location, ranges).await?;
                if let (Some(_), Some(first)) = (fault, found.first_mut()) {
                    first.truncate(first.len() / 2);
                }
                Ok(found)
            }
        }
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.objects.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, _: CopyOptions) -> Result<()> {
        self.objects.copy(from, to).await
    }
}
