//! Dataspace and fill value messages.

use super::super::dataspace::MAX_RANK;
use super::*;

fn dataspace(body: &[u8]) -> Result<Dataspace> {
    Dataspace::decode(SIZES)(body)
}

fn version_1() -> Vec<u8> {
    let mut body = vec![1, 2, 1, 0, 0, 0, 0, 0]; // version, rank, flags: maxima; reserved
    for dimension in [3_u64, 4, 5, u64::MAX] {
        body.extend(dimension.to_le_bytes()); // two dimensions, two maxima
    }
    body
}

#[test]
fn a_dataspace_of_version_1() {
    let body = version_1();
    let expected = Dataspace::Simple { shape: vec![3, 4], max_shape: vec![Some(5), None] };
    assert_eq!(dataspace(&body).unwrap(), expected);
    assert_eq!((expected.shape(), expected.elements()), (&[3, 4][..], Some(12)));
    every_shorter_prefix_asks_for_more(&body, body.len(), dataspace);
    // Without dimensions it is a scalar.
    assert_eq!(dataspace(&[1, 0, 0, 0, 0, 0, 0, 0]).unwrap(), Dataspace::Scalar);
}

#[test]
fn a_dataspace_of_version_2() {
    let body = [&[2, 1, 0, 1][..], &7_u64.to_le_bytes()].concat();
    let expected = Dataspace::Simple { shape: vec![7], max_shape: vec![Some(7)] };
    assert_eq!(dataspace(&body).unwrap(), expected);
    every_shorter_prefix_asks_for_more(&body, body.len(), dataspace);
    assert_eq!(dataspace(&[2, 0, 0, 0]).unwrap(), Dataspace::Scalar);
    assert_eq!(dataspace(&[2, 0, 0, 2]).unwrap(), Dataspace::Null);
    assert_eq!((Dataspace::Scalar.elements(), Dataspace::Null.elements()), (Some(1), Some(0)));
}

#[test]
fn broken_dataspaces_are_named() {
    assert_eq!(kind(dataspace(&[3, 0, 0, 0])), Kind::Version { found: 3 });
    invalid(dataspace(&[2, MAX_RANK + 1, 0, 1]), 33);
    invalid(dataspace(&[2, 1, 0, 3]), 3);
    invalid(dataspace(&[2, 1, 0, 0]), 0); // a scalar with a dimension
}

#[test]
fn dimensions_have_the_width_of_lengths() {
    for width in [2_u8, 4, 8, 16, 32] {
        let mut body = vec![2, 1, 1, 1, 9];
        body.resize(4 + usize::from(width), 0);
        body.extend(vec![0xff; width.into()]);
        let decode = Dataspace::decode(sizes(8, width));
        let expected = Dataspace::Simple { shape: vec![9], max_shape: vec![None] };
        assert_eq!(decode(&body).unwrap(), expected, "{width}");
        if width > 8 {
            body[4 + 8] = 1; // the dimension's 65th bit
            invalid(decode(&body), 9);
        }
    }
}

#[test]
fn elements_that_cannot_be_counted_are_not() {
    let of = |shape: &[u64]| {
        Dataspace::Simple { shape: shape.to_vec(), max_shape: Vec::new() }.elements()
    };
    assert_eq!(of(&[1 << 40, 1 << 40]), None);
    assert_eq!(of(&[1 << 40, 1 << 40, 0]), Some(0));
}

#[test]
fn fill_values_of_every_version() {
    let value = FillValue::Value(vec![1, 2, 3].into());
    for version in [1, 2] {
        // Space allocation time, fill value write time, defined, size, value.
        let body = [version, 2, 2, 1, 3, 0, 0, 0, 1, 2, 3];
        assert_eq!(FillValue::decode(&body).unwrap(), value);
        every_shorter_prefix_asks_for_more(&body, body.len(), FillValue::decode);
        assert_eq!(FillValue::decode(&[version, 2, 2, 0]).unwrap(), FillValue::Undefined);
        let no_bytes = [version, 2, 2, 1, 0, 0, 0, 0];
        assert_eq!(FillValue::decode(&no_bytes).unwrap(), FillValue::Default);
        let negative = [version, 2, 2, 1, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(FillValue::decode(&negative).unwrap(), FillValue::Undefined);
    }
    let body = [3, 0x20 | 0x0a, 3, 0, 0, 0, 1, 2, 3]; // defined; times in the low bits
    assert_eq!(FillValue::decode(&body).unwrap(), value);
    every_shorter_prefix_asks_for_more(&body, body.len(), FillValue::decode);
    assert_eq!(FillValue::decode(&[3, 0x0a]).unwrap(), FillValue::Default);
    assert_eq!(FillValue::decode(&[3, 0x1a]).unwrap(), FillValue::Undefined);
    assert_eq!(kind(FillValue::decode(&[4, 0])), Kind::Version { found: 4 });
}

#[test]
fn an_old_fill_value() {
    let body = [2, 0, 0, 0, 8, 9];
    assert_eq!(FillValue::decode_old(&body).unwrap(), FillValue::Value(vec![8, 9].into()));
    every_shorter_prefix_asks_for_more(&body, body.len(), FillValue::decode_old);
    assert_eq!(FillValue::decode_old(&[0; 4]).unwrap(), FillValue::Default);
    // A size that no message holds.
    let error = FillValue::decode_old(&[0xff, 0xff, 0xff, 0x7f]).unwrap_err();
    assert_eq!(error.needs(), Some(4 + 0x7fff_ffff));
}
