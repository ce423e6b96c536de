//! Filter pipeline messages, with their padding.

use super::super::filter_pipeline::decode as pipeline;
use super::*;

/// Deflate with a name of seven letters and its NUL, and one parameter, which is padded.
fn version_1() -> Vec<u8> {
    let mut body = vec![1, 2, 0, 0, 0, 0, 0, 0]; // version, filters, reserved
    body.extend([1, 0, 8, 0, 1, 0, 1, 0]); // deflate, name length, flags: optional, values
    body.extend(b"deflate\0");
    body.extend([6, 0, 0, 0, 0, 0, 0, 0]); // level, padding
    body.extend([2, 0, 0, 0, 0, 0, 2, 0]); // shuffle, no name, two values
    body.extend([4, 0, 0, 0, 5, 0, 0, 0]); // no padding: even
    body
}

#[test]
fn a_pipeline_of_version_1() {
    let body = version_1();
    let filters = pipeline(&body).unwrap();
    assert_eq!(filters.len(), 2);
    assert_eq!((filters[0].id, filters[0].name.as_deref()), (1, Some("deflate")));
    assert_eq!((filters[0].flags, &filters[0].client_data[..]), (1, &[6][..]));
    assert_eq!(
        (filters[1].id, &filters[1].name, &filters[1].client_data[..]),
        (2, &None, &[4, 5][..])
    );
    every_shorter_prefix_asks_for_more(&body, body.len(), pipeline);
}

/// Some writers leave out the padding of the last filter, and some count no padding in names.
#[test]
fn padding_may_be_missing_and_uncounted() {
    let mut body = vec![1, 1, 0, 0, 0, 0, 0, 0];
    body.extend([1, 0, 3, 0, 0, 0, 1, 0]); // a name of three bytes, stored in eight
    body.extend(b"abc\0\0\0\0\0");
    body.extend([6, 0, 0, 0]);
    let filters = pipeline(&body).unwrap();
    assert_eq!((filters[0].name.as_deref(), &filters[0].client_data[..]), (Some("abc"), &[6][..]));
}

#[test]
fn a_pipeline_of_version_2() {
    let mut body = vec![2, 2];
    body.extend([1, 0, 0, 0, 1, 0, 6, 0, 0, 0]); // deflate: no name, flags, values, level
    body.extend([0x01, 0x01, 3, 0, 0, 0, 1, 0]); // filter 257: name length, flags, values
    body.extend(b"zst"); // not padded
    body.extend([9, 0, 0, 0]); // nor is this
    let filters = pipeline(&body).unwrap();
    assert_eq!(
        (filters[0].id, &filters[0].name, &filters[0].client_data[..]),
        (1, &None, &[6][..])
    );
    assert_eq!((filters[1].id, filters[1].name.as_deref()), (257, Some("zst")));
    assert_eq!(filters[1].client_data, [9]);
    every_shorter_prefix_asks_for_more(&body, body.len(), pipeline);
}

#[test]
fn broken_pipelines_are_named() {
    assert_eq!(kind(pipeline(&[3, 0])), Kind::Version { found: 3 });
    invalid(pipeline(&[2, 33]), 33);
    let error = pipeline(&[2, 1, 1, 0, 0, 0, 0xff, 0xff]).unwrap_err();
    assert_eq!(error.needs(), Some(8 + 4 * 65_535));
    assert_eq!(pipeline(&[2, 0]).unwrap(), []);
}
