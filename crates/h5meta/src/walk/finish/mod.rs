//! The end of the walk: facts, in whatever order they came, as one [`Index`] in one order.

mod alike;
mod attributes;
mod chunks;
mod elsewhere;
mod facts;
mod paths;
mod repeated;

use std::cmp::Ordering;
use std::collections::HashMap;

use self::paths::Named;
use super::attributes::unsupported;
use super::effect::effect_of;
use super::objects::ObjectId;
use super::{Walk, limit, not_started};
use crate::error::{Error, Kind, Result};
use crate::model::{Effect, Index, Object, ObjectKind, Problem};
use crate::object_header::Format;
use crate::spec::Structure;
use crate::superblock::Superblock;
use crate::wire::{FileOffset, to_u64};

pub(super) fn finish(mut walk: Walk) -> Result<(Index, Vec<Problem>)> {
    let superblock = walk.superblock.clone().ok_or_else(not_started)?;
    let root = walk.objects.root().ok_or_else(not_started)?;
    if !walk.queue.is_empty() {
        return Err(not_started());
    }
    let mut problems = std::mem::take(&mut walk.problems);
    for (id, message_type, place) in walk.shared.left() {
        let error = unsupported("a message in a table that could not be read").at(place);
        problems.push((Some(id), effect_of(message_type), error));
    }
    let mut attributes = attributes::attributes(&mut walk, &mut problems);
    repeated::take_out(&mut attributes, &mut problems);
    let mut kinds = facts::kinds(&walk, &superblock, &mut problems);
    elsewhere::take_mappings(&mut walk, &superblock, &mut kinds, &mut problems)?;
    chunks::take_chunks(&mut walk, &superblock, &mut kinds, &mut problems);
    if !matches!(kinds.get(&root), Some(ObjectKind::Group(_))) {
        return Err(walk.cause(no_root_group(root, problems)));
    }

    let named = Named::from_root(root, &kinds, &walk);
    let mut problems = named.problems(problems, &walk)?;
    problems.extend(named.left_out);
    let mut objects = Vec::new();
    let mut by_address = HashMap::new();
    for (id, path, aliases) in named.in_order {
        let Some(state) = walk.objects.get(id) else { continue };
        by_address.insert(state.address, objects.len());
        objects.push(Object {
            path,
            aliases,
            address: state.address,
            header_version: state.format.map_or(0, Format::version),
            attributes: attributes.remove(&id).unwrap_or_default(),
            kind: kinds.remove(&id).unwrap_or(ObjectKind::Unreadable),
        });
    }
    problems.extend(of_file(&superblock, walk.extents.length()));
    if to_u64(problems.len()) > walk.limits.problems {
        return Err(limit("problems", walk.limits.problems, Structure::Superblock));
    }
    problems.sort_by(in_order);
    problems.dedup();
    let file_length = walk.extents.length();
    let problems = alike::sum_up(&problems);
    Ok((Index { superblock, file_length, objects, by_address }, problems))
}

/// By path; what is equal but for its reason, by that.
fn in_order(one: &Problem, other: &Problem) -> Ordering {
    fn key(problem: &Problem) -> (&str, &Effect, Structure, Option<FileOffset>) {
        let Problem { path, effect, error } = problem;
        (path, effect, error.structure(), error.offset())
    }
    let reasons = || one.error.to_string().cmp(&other.error.to_string());
    key(one).cmp(&key(other)).then_with(reasons)
}

/// What the superblock says of the file as a whole that bodes ill.
fn of_file(superblock: &Superblock, length: Option<u64>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut problem = |kind| {
        let error = Error::new(kind, Structure::Superblock, 0).at(superblock.base);
        problems.push(Problem { path: "/".into(), effect: Effect::Detail, error });
    };
    if let Some(kind) = cut_off(superblock, length) {
        problem(kind);
    }
    if superblock.version == 3 && superblock.consistency_flags & 1 != 0 {
        let value = superblock.consistency_flags.into();
        problem(Kind::Invalid { value, why: "a writer had the file open, it may be incomplete" });
    }
    // Bits 0 to 2: open for writing, closed as it should be, open for writing with readers beside.
    if superblock.version == 3 && superblock.consistency_flags & !7 != 0 {
        let value = superblock.consistency_flags.into();
        problem(Kind::Invalid { value, why: "file consistency flags that cannot be" });
    }
    problems
}

/// What a file lacks that is shorter than its superblock says.
pub(super) fn cut_off(superblock: &Superblock, length: Option<u64>) -> Option<Kind> {
    // The end of file moves with the superblock when a user block is added.
    let end = superblock.end_of_file.map_or(0, |end| end.0);
    let need = end.saturating_sub(superblock.stored_base).saturating_add(superblock.base.0);
    length.filter(|have| *have < need).map(|have| Kind::CutOff { need, have })
}

/// A problem of an object, or of the file, before the object has a path.
type Found = (Option<ObjectId>, Effect, Error);
type Problems = Vec<Found>;

/// Without the root group nothing of a file can be named. What went wrong first says why.
fn no_root_group(root: ObjectId, problems: Problems) -> Error {
    let mut errors: Vec<Error> = problems
        .into_iter()
        .filter(|(id, effect, _)| *id == Some(root) && !matches!(effect, Effect::Attribute(_)))
        .map(|(_, _, error)| error)
        .collect();
    // Those of a place in the file are causes, the others consequences.
    errors
        .sort_by_cached_key(|error| (error.offset().is_none(), error.offset(), error.to_string()));
    errors.into_iter().next().unwrap_or_else(|| {
        let kind = Kind::Invalid { value: 0, why: "the root object is no group" };
        Error::new(kind, Structure::ObjectHeader, 0)
    })
}

/// A name that can be shown and told from others: what is not UTF-8 is written `\xHH`.
fn shown(name: &[u8]) -> String {
    let mut shown = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        shown.push_str(chunk.valid());
        for byte in chunk.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    shown
}
