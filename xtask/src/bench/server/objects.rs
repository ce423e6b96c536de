//! The store: files mapped into memory, to be read and not to be written.
//!
//! `s3s-fs` opens the file anew at every request and looks for metadata beside it; a server that is to
//! answer thousands of requests a second beside its clients cannot.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use s3s::dto::{
    Bucket, BucketLocationConstraint, ETag, ETagCondition, GetBucketLocationInput,
    GetBucketLocationOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, StreamingBlob, Timestamp,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};

use super::{BUCKET, REGION};

/// The files, by key.
#[derive(Debug)]
pub(super) struct Files(BTreeMap<String, File>);

#[derive(Debug)]
struct File {
    bytes: Bytes,
    tag: ETag,
    modified: Timestamp,
}

impl Files {
    /// Maps files, and reads them once: from then on they are in the page cache, if it is large enough.
    pub(super) fn map(paths: &[PathBuf]) -> anyhow::Result<Self> {
        let mut files = BTreeMap::new();
        for path in paths {
            let shown = || path.display().to_string();
            let bytes = h5meta::mmap::open(path).with_context(shown)?;
            let modified = std::fs::metadata(path)?.modified()?;
            // One byte of each page is enough to have it read.
            let pages: u64 = bytes.iter().step_by(4096).map(|&byte| u64::from(byte)).sum();
            let name = path.file_name().and_then(|name| name.to_str()).with_context(shown)?;
            let tag = ETag::Strong(tag(name, bytes.len(), modified, pages));
            files.insert(name.to_owned(), File { bytes, tag, modified: modified.into() });
        }
        Ok(Self(files))
    }

    fn file(&self, bucket: &str, key: &str) -> S3Result<&File> {
        if bucket != BUCKET {
            return Err(s3_error!(NoSuchBucket));
        }
        self.0.get(key).ok_or_else(|| s3_error!(NoSuchKey))
    }
}

/// An entity tag that another version of a file would not have.
fn tag(name: &str, length: usize, modified: SystemTime, pages: u64) -> String {
    let mut hasher = DefaultHasher::new();
    (name, length, modified, pages).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn number(length: usize) -> Option<i64> {
    i64::try_from(length).ok()
}

#[async_trait]
impl S3 for Files {
    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let GetObjectInput { bucket, key, range, if_match, .. } = request.input;
        let file = self.file(&bucket, &key)?;
        if let Some(ETagCondition::ETag(tag)) = &if_match
            && !file.tag.strong_cmp(tag)
        {
            return Err(s3_error!(PreconditionFailed));
        }
        let length = file.bytes.len();
        let mut output = GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            e_tag: Some(file.tag.clone()),
            last_modified: Some(file.modified.clone()),
            ..Default::default()
        };
        let bytes = match range {
            None => file.bytes.clone(),
            Some(range) => {
                let range = range.check(length as u64)?;
                output.content_range =
                    Some(format!("bytes {}-{}/{length}", range.start, range.end - 1));
                let at = |position: u64| usize::try_from(position).unwrap_or(length).min(length);
                file.bytes.slice(at(range.start)..at(range.end))
            }
        };
        output.content_length = number(bytes.len());
        output.body = Some(StreamingBlob::from(Body::from(bytes)));
        Ok(S3Response::new(output))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let file = self.file(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: number(file.bytes.len()),
            e_tag: Some(file.tag.clone()),
            last_modified: Some(file.modified.clone()),
            ..Default::default()
        }))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        if request.input.bucket != BUCKET {
            return Err(s3_error!(NoSuchBucket));
        }
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        _: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let location_constraint = Some(BucketLocationConstraint::from(REGION.to_owned()));
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint }))
    }

    async fn list_buckets(
        &self,
        _: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let bucket = Bucket { name: Some(BUCKET.to_owned()), ..Default::default() };
        let buckets = Some(vec![bucket]);
        Ok(S3Response::new(ListBucketsOutput { buckets, ..Default::default() }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let ListObjectsV2Input { bucket, prefix, .. } = request.input;
        let wanted = prefix.clone().unwrap_or_default();
        let found = self.0.iter().filter(|(key, _)| key.starts_with(&wanted));
        let contents: Vec<Object> = found
            .map(|(key, file)| Object {
                key: Some(key.clone()),
                size: number(file.bytes.len()),
                e_tag: Some(file.tag.clone()),
                last_modified: Some(file.modified.clone()),
                ..Default::default()
            })
            .collect();
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(bucket),
            prefix,
            key_count: i32::try_from(contents.len()).ok(),
            is_truncated: Some(false),
            contents: Some(contents),
            ..Default::default()
        }))
    }
}
