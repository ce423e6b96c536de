//! References of HDF5 1.12 and later (`H5T_STD_REF`): to objects, regions and attributes, also of other
//! files.
//!
//! Spec: VIII.B, "Reference Encoding (Revised)". What the specification does not say: an element whose
//! block is in the global heap has the block's size before the heap ID (`references.h5`).

use bytes::Bytes;

use super::{GlobalHeap, Value};
use crate::error::Result;
use crate::heap::global::HeapId;
use crate::selection::Selection;
use crate::spec::Structure;
use crate::wire::{Address, Cursor, Sizes, to_usize};

const OBJECT: u8 = 2;
const REGION: u8 = 3;
const ATTRIBUTE: u8 = 4;

/// Reads one element; tells how many bytes of the heap it takes. A block that is not here yet reads as a
/// reference to nothing.
pub(super) fn decode(bytes: &[u8], sizes: Sizes, heap: &impl GlobalHeap) -> Result<(Value, usize)> {
    let mut cursor = Cursor::new(bytes, Structure::Data);
    let kind = cursor.u8()?;
    let is_external = cursor.u8()? & 0x01 != 0;
    if kind == 0 {
        return Ok((Value::Reference(None), 0));
    }
    if !matches!(kind, OBJECT | REGION | ATTRIBUTE) {
        return Err(cursor.invalid(kind, "a type of reference that cannot be"));
    }
    let of = match kind {
        OBJECT => "object",
        REGION => "region",
        _ => "attribute",
    };
    let elsewhere = if is_external { " of another file" } else { "" };
    crate::coverage::mark(Structure::Reference, format_args!("{of}{elsewhere}"));
    if kind == OBJECT && !is_external {
        return Ok((block(cursor.rest(), kind, is_external)?, 0));
    }
    let size = u64::from(cursor.u32()?);
    let id = HeapId::decode(&mut cursor, sizes)?;
    if size == 0 || id.collection.is_none() {
        return Ok((Value::Reference(None), 0));
    }
    let object: Option<Bytes> = heap.object(id)?;
    let Some(object) = object else { return Ok((Value::Reference(None), 0)) };
    let bytes = object.get(..to_usize(size)).unwrap_or(&object);
    Ok((block(bytes, kind, is_external)?, bytes.len()))
}

/// A Reference Block.
fn block(bytes: &[u8], kind: u8, is_external: bool) -> Result<Value> {
    let mut cursor = Cursor::new(bytes, Structure::Data);
    let size = cursor.u8()?;
    let token = cursor.take(size.into())?;
    // A token of this kind of file is the address of an object header.
    let Ok(object) = Address::from_le_bytes(token) else {
        return Err(cursor.invalid(size, "an address of more than 64 bits"));
    };
    if is_external {
        let length = cursor.u16()?;
        return Ok(Value::ExternalReference { file: cursor.take(length.into())?.to_vec() });
    }
    if kind == OBJECT {
        return Ok(Value::Reference(object));
    }
    if kind == REGION {
        cursor.take(4 + 4)?; // bytes of the selection, rank
        return region(object, &cursor);
    }
    let length = cursor.u16()?.into();
    let stored = cursor.take(length)?;
    let name = stored.strip_suffix(b"\0").unwrap_or(stored).to_vec();
    Ok(match object {
        Some(object) => Value::AttributeReference { object, name },
        None => Value::Reference(None),
    })
}

/// A region of a dataset: the selection that `cursor` is at.
pub(super) fn region(dataset: Option<Address>, cursor: &Cursor<'_>) -> Result<Value> {
    let Some(object) = dataset else { return Ok(Value::Reference(None)) };
    let (region, _) =
        Selection::decode(cursor.rest()).map_err(|error| error.further(cursor.position()))?;
    Ok(Value::RegionReference { object, region: Box::new(region) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::value::NoHeap;
    use crate::wire::Width;

    const SIZES: Sizes = Sizes { offsets: Width::new(8).unwrap(), lengths: Width::new(8).unwrap() };

    /// A heap of one object.
    struct One(Bytes);

    impl GlobalHeap for One {
        fn object(&self, id: HeapId) -> Result<Option<Bytes>> {
            assert_eq!((id.collection, id.object), (Some(Address(2048)), 7));
            Ok(Some(self.0.clone()))
        }
    }

    fn token(address: u64) -> Vec<u8> {
        [[8].as_slice(), &address.to_le_bytes()].concat()
    }

    fn in_heap(kind: u8, flags: u8, block: &[u8]) -> Result<Value> {
        let mut element = vec![kind, flags];
        element.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
        element.extend(2048_u64.to_le_bytes());
        element.extend(7_u32.to_le_bytes());
        decode(&element, SIZES, &One(Bytes::copy_from_slice(block))).map(|(value, _)| value)
    }

    #[test]
    fn an_object_is_in_the_element_itself() {
        let element = [[2, 0].as_slice(), &token(800), &[0; 7]].concat();
        let (value, _) = decode(&element, SIZES, &NoHeap).unwrap();
        assert_eq!(value, Value::Reference(Some(Address(800))));
        assert_eq!(decode(&[0; 18], SIZES, &NoHeap).unwrap(), (Value::Reference(None), 0));
        let error = decode(&[5, 0], SIZES, &NoHeap).unwrap_err();
        assert!(matches!(error.kind(), Kind::Invalid { value: 5, .. }), "{error}");
    }

    #[test]
    fn the_others_are_in_the_heap() {
        let all = [3_u8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let region = [token(800).as_slice(), &[16, 0, 0, 0, 2, 0, 0, 0], &all].concat();
        let expected =
            Value::RegionReference { object: Address(800), region: Box::new(Selection::All) };
        assert_eq!(in_heap(3, 0, &region).unwrap(), expected);
        let attribute = [token(800).as_slice(), &[4, 0], b"unit"].concat();
        let expected = Value::AttributeReference { object: Address(800), name: b"unit".to_vec() };
        assert_eq!(in_heap(4, 0, &attribute).unwrap(), expected);
        let external = [token(800).as_slice(), &[4, 0], b"a.h5"].concat();
        let expected = Value::ExternalReference { file: b"a.h5".to_vec() };
        assert_eq!(in_heap(2, 1, &external).unwrap(), expected);
        // Cut off, it is an error and no other object.
        assert!(in_heap(4, 0, &attribute[..12]).is_err());
    }
}
