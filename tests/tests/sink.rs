//! Files are written whole or not at all.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use bytes::Bytes;
use e2e::options;
use h5refs::sink::write_whole;

fn names(dir: &std::path::Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn write(path: &std::path::Path, text: &'static str) -> h5refs::Result<()> {
    write_whole(path.to_str().unwrap(), Bytes::from_static(text.as_bytes()), &options()).await
}

#[tokio::test]
async fn a_file_is_written_and_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a b.json");
    for text in ["first, the longer", "second"] {
        write(&path, text).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    let url = format!("file://{}", path.to_str().unwrap().replace(' ', "%20"));
    write_whole(&url, Bytes::from_static(b"third"), &options()).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "third");
    assert_eq!(names(dir.path()), ["a b.json"]);
}

#[tokio::test]
async fn a_write_that_fails_leaves_everything_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    // A directory stands in its place.
    let taken = dir.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("inside"), "kept").unwrap();
    let error = write(&taken, "new").await.unwrap_err();
    assert!(error.to_string().starts_with("cannot write ") && error.is_storage(), "{error}");
    assert_eq!(names(dir.path()), ["taken"]);
    assert_eq!(names(&taken), ["inside"]);

    let error = write(&dir.path().join("no/such/x.json"), "new").await.unwrap_err();
    assert!(error.to_string().contains("there is no directory"), "{error}");
    assert_eq!(names(dir.path()), ["taken"]);
}

#[tokio::test]
async fn plain_http_takes_no_output() {
    for place in ["http://host/x", "https://host/x", "ftp://host/x"] {
        let error = write_whole(place, Bytes::new(), &options()).await.unwrap_err();
        assert!(error.is_usage(), "{error}");
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &std::path::Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn permissions_are_those_of_any_new_file_or_of_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let (plain, ours) = (dir.path().join("plain"), dir.path().join("ours"));
        std::fs::write(&plain, "").unwrap();
        write(&ours, "x").await.unwrap();
        assert_eq!(mode(&ours), mode(&plain));
        std::fs::set_permissions(&ours, std::fs::Permissions::from_mode(0o600)).unwrap();
        write(&ours, "y").await.unwrap();
        assert_eq!(mode(&ours), 0o600);
    }

    #[tokio::test]
    async fn a_link_stays_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        write(&link, "new").await.unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
    }

    #[tokio::test]
    async fn a_device_is_written_to() {
        write(std::path::Path::new("/dev/null"), "x").await.unwrap();
    }
}
