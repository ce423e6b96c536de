//! Attributes: what was read of each, and which objects have it.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::Walk;
use super::super::attributes::{AttributeState, Use, unsupported};
use super::super::objects::ObjectId;
use super::{Problems, shown};
use crate::error::{Error, Kind};
use crate::model::{Attribute, Effect};
use crate::spec::Structure;
use crate::value::Value;
use crate::wire::to_u64;

/// Every attribute, by object and by name.
pub(super) fn attributes(
    walk: &mut Walk,
    problems: &mut Problems,
) -> HashMap<ObjectId, Vec<Arc<Attribute>>> {
    let states = std::mem::take(&mut walk.attributes.states);
    let mut all: Vec<Read> = states.into_iter().map(|state| Read::new(state, walk)).collect();
    let mut uses = std::mem::take(&mut walk.attributes.uses);
    // Blocks arrive in any order; addresses and names order attributes on every machine alike.
    let ranks = ranks(&all);
    uses.sort_by_key(|of| {
        let address = walk.objects.get(of.object).map(|state| state.address);
        (address, ranks.get(of.attribute.0).copied(), of.place)
    });
    let mut left = walk.most_shared();
    let mut by_object: HashMap<ObjectId, Vec<Arc<Attribute>>> = HashMap::new();
    for Use { object, attribute, place } in uses {
        let Some(read) = all.get_mut(attribute.0) else { continue };
        if !read.charge(&mut left) {
            // Without the name: it may be what is long.
            problems.push((Some(object), Effect::Attribute(String::new()), too_many()));
            continue;
        }
        if let Some(error) = &read.error {
            let effect = Effect::Attribute(read.name.clone());
            problems.push((Some(object), effect, error.clone().at(place)));
        }
        if let Some(attribute) = &read.attribute {
            by_object.entry(object).or_default().push(Arc::clone(attribute));
        }
    }
    by_object
}

/// Where each attribute's name is among all names: names may be long, and many objects have them.
fn ranks(all: &[Read]) -> Vec<usize> {
    let mut names: Vec<&str> = all.iter().map(|read| &*read.name).collect();
    names.sort_unstable();
    names.dedup();
    let rank = |read: &Read| names.binary_search(&&*read.name).unwrap_or_else(|at| at);
    all.iter().map(rank).collect()
}

/// What was read of an attribute, and what not.
struct Read {
    name: String,
    attribute: Option<Arc<Attribute>>,
    error: Option<Error>,
    /// What it costs each further object that has it; the first pays with the message's own bytes.
    cost: u64,
    is_paid: bool,
}

impl Read {
    fn new(state: AttributeState, walk: &Walk) -> Self {
        let name = shown(&state.name);
        let datatype = state.datatype(walk).cloned();
        let (values, error) = match (&datatype, state.outcome) {
            (None, _) => (None, Some(unsupported("a shared datatype that cannot be found"))),
            (_, None) => (None, Some(unsupported("an attribute whose datatype was never found"))),
            (_, Some(Ok(values))) => (Some(values), None),
            (_, Some(Err(error))) => (None, Some(error)),
        };
        let cost =
            values.iter().flatten().map(size).fold(text(name.as_bytes()), u64::saturating_add);
        let attribute = datatype.map(|datatype| {
            let (name, dataspace) = (name.clone(), state.dataspace);
            Arc::new(Attribute { name, datatype, dataspace, values })
        });
        Self { name, attribute, error, cost, is_paid: false }
    }

    /// Takes what one more object costs from what is left, if it is.
    fn charge(&mut self, left: &mut u64) -> bool {
        let cost = if self.is_paid { self.cost } else { 0 };
        self.is_paid = true;
        match left.checked_sub(cost) {
            Some(rest) => *left = rest,
            None => return false,
        }
        true
    }
}

fn too_many() -> Error {
    let why = "attributes far longer in all than the file: many objects share them";
    Error::new(Kind::Invalid { value: 0, why }, Structure::Attribute, 0)
}

/// What bytes take as text: those that are escaped there take six characters.
fn text(bytes: &[u8]) -> u64 {
    let plain = |byte: &&u8| byte.is_ascii_graphic() || **byte == b' ';
    let escaped = bytes.len().saturating_sub(bytes.iter().filter(plain).count());
    to_u64(bytes.len()).saturating_add(to_u64(escaped).saturating_mul(5))
}

/// What a value takes, about as much as it does as text.
fn size(value: &Value) -> u64 {
    let all = |values: &[Value]| values.iter().map(size).fold(0, u64::saturating_add);
    let within = match value {
        Value::String(bytes)
        | Value::Opaque(bytes)
        | Value::AttributeReference { name: bytes, .. }
        | Value::ExternalReference { file: bytes } => text(bytes),
        Value::Enum(value) => size(value),
        Value::Compound(values) | Value::Sequence(values) => all(values),
        Value::Complex(parts) => all(&**parts),
        _ => 0,
    };
    within.saturating_add(32)
}
