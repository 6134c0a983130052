//! What a kill leaves, at each moment of a write.

use super::{BUCKET, PROJECT, body, fixtures, put, text, to};
use crate::checksum::Announced;
use crate::error::Error;

#[tokio::test]
async fn content_without_a_row_goes_and_the_old_object_stays() {
    for fixture in fixtures().await {
        put(&fixture.buckets, to("a"), "before").await.unwrap();
        // Killed between the file and the row: the blob has its name, no row has it.
        let received =
            fixture.buckets.receive(PROJECT, Announced::default(), body("after"), || None);
        let received = received.await.unwrap();
        let blobs = &fixture.buckets.0.blobs;
        blobs.adopt(PROJECT, &received.staged, &received.digest).unwrap();
        // And one more, killed while its body came: only a staged file.
        let staged = blobs.stage(PROJECT).unwrap();
        std::fs::write(staged.path(), "half").unwrap();
        std::mem::forget(staged);
        assert_eq!(fixture.files().len(), 3);
        let buckets = fixture.reopened().await;
        assert_eq!(text(&buckets, "a").await.unwrap(), "before");
        buckets.sweep().await.unwrap();
        assert_eq!(fixture.files().len(), 1);
        assert_eq!(text(&buckets, "a").await.unwrap(), "before");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing() {
    for fixture in fixtures().await {
        put(&fixture.buckets, to("a"), "before").await.unwrap();
        let broken =
            futures::stream::iter([Ok("half".into()), Err(std::io::ErrorKind::BrokenPipe)]);
        let refused =
            fixture.buckets.put_object(to("a"), Announced::default(), broken, || None).await;
        assert!(matches!(refused, Err(Error::BrokenOff)), "{refused:?}");
        let short = Announced { length: Some(9), ..Announced::default() };
        let refused = fixture.buckets.put_object(to("a"), short, body("short"), || None).await;
        assert!(matches!(refused, Err(Error::Incomplete { .. })), "{refused:?}");
        assert_eq!(text(&fixture.buckets, "a").await.unwrap(), "before");
        assert_eq!(fixture.files().len(), 1);
    }
}

#[tokio::test]
async fn a_wrong_checksum_stores_nothing() {
    for fixture in fixtures().await {
        let wrong = || Announced {
            algorithm: Some(crate::Algorithm::Crc32),
            value: Some("AAAAAA==".to_owned()),
            ..Announced::default()
        };
        let refused = fixture.buckets.put_object(to("a"), wrong(), body("hello"), || None).await;
        assert!(matches!(refused, Err(Error::Checksum { .. })), "{refused:?}");
        let trailer = Announced { value: None, ..wrong() };
        let refused = fixture.buckets.put_object(to("a"), trailer, body("hello"), || {
            Some(
                [("x-amz-checksum-crc32".parse().unwrap(), "AAAAAA==".parse().unwrap())]
                    .into_iter()
                    .collect(),
            )
        });
        let refused = refused.await;
        assert!(matches!(refused, Err(Error::Checksum { .. })), "{refused:?}");
        let md5 = Announced { md5: Some("0".repeat(32)), ..Announced::default() };
        let refused = fixture.buckets.put_object(to("a"), md5, body("hello"), || None).await;
        assert!(matches!(refused, Err(Error::Checksum { .. })), "{refused:?}");
        assert!(matches!(text(&fixture.buckets, "a").await, Err(Error::NoObject(_))));
        assert!(fixture.files().is_empty());
    }
}

#[tokio::test]
async fn damaged_content_is_never_handed_out_whole() {
    for fixture in fixtures().await {
        let object = put(&fixture.buckets, to("a"), "undamaged").await.unwrap();
        let at = fixture.buckets.0.blobs.path(PROJECT, &object.digest);
        std::fs::remove_file(&at).unwrap();
        std::fs::write(&at, "unDamaged").unwrap();
        let read = text(&fixture.buckets, "a").await;
        assert!(matches!(read, Err(Error::Damaged { .. })), "{read:?}");
        std::fs::write(&at, "cut").unwrap();
        let read = text(&fixture.buckets, "a").await;
        assert!(matches!(read, Err(Error::Damaged { .. })), "{read:?}");
    }
}

#[tokio::test]
async fn a_forgotten_project_leaves_nothing_and_others_stay() {
    for fixture in fixtures().await {
        put(&fixture.buckets, to("a"), "same").await.unwrap();
        fixture.buckets.create_bucket("other", BUCKET, "bob").await.unwrap();
        let theirs = crate::Put { project: "other".to_owned(), ..to("a") };
        put(&fixture.buckets, theirs, "same").await.unwrap();
        assert_eq!(fixture.buckets.projects().await.unwrap(), ["other", PROJECT]);
        fixture.buckets.forget(PROJECT).await.unwrap();
        fixture.buckets.forget(PROJECT).await.unwrap();
        assert_eq!(fixture.buckets.projects().await.unwrap(), ["other"]);
        assert!(matches!(text(&fixture.buckets, "a").await, Err(Error::NoBucket(_))));
        assert!(fixture.buckets.object("other", BUCKET, "a").await.is_ok());
        assert_eq!(fixture.files().len(), 1);
    }
}
