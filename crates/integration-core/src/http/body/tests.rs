use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use proptest::prelude::*;

use super::{Body, BodyError, Multipart, OpenBody, Part};
use crate::error::{Delivery, Retriability};

fn pieces(parts: &[&'static str]) -> Vec<Result<Bytes, io::Error>> {
    parts.iter().map(|part| Ok(Bytes::from(*part))).collect()
}

async fn read(body: &Body) -> Result<Vec<u8>, BodyError> {
    match body.open()? {
        OpenBody::Bytes(bytes) => Ok(bytes.to_vec()),
        OpenBody::Stream { mut stream, .. } => {
            let mut all = Vec::new();
            while let Some(piece) = stream.next().await {
                all.extend_from_slice(&piece?);
            }
            Ok(all)
        }
    }
}

#[tokio::test]
async fn a_replayable_body_is_made_for_each_opening() {
    let made = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&made);
    let body = Body::replayable(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        stream::iter(pieces(&["a", "b"]))
    });
    assert!(body.is_replayable() && !body.is_empty());
    assert_eq!(read(&body).await.unwrap(), b"ab");
    assert_eq!(read(&body.clone()).await.unwrap(), b"ab");
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_body_that_exists_once_is_not_replaced_when_it_is_gone() {
    let body = Body::once(stream::iter(pieces(&["a"])));
    assert!(!body.is_replayable());
    assert_eq!(read(&body).await.unwrap(), b"a");
    let again = body.clone().open().unwrap_err();
    assert_eq!(again.retriability, Retriability::Never);
    assert_eq!(again.delivery, Delivery::NotSent);
}

#[tokio::test]
async fn a_stream_is_held_to_its_announced_length() {
    let body = |length| Body::once(stream::iter(pieces(&["abc", "de"]))).with_length(length);
    assert_eq!(body(5).length(), Some(5));
    assert_eq!(read(&body(5)).await.unwrap(), b"abcde");
    for (length, said) in [
        (6, "body ended 1 bytes before its announced length"),
        (4, "body is longer than its announced length"),
        (0, "body is longer than its announced length"),
    ] {
        let error = read(&body(length)).await.unwrap_err();
        assert_eq!(error.to_string(), said);
    }
}

#[tokio::test]
async fn an_error_of_the_stream_is_passed_on() {
    let parts: Vec<Result<Bytes, &str>> = vec![Ok(Bytes::from("a")), Err("disk is gone")];
    let error = read(&Body::once(stream::iter(parts))).await.unwrap_err();
    assert_eq!(error.to_string(), "disk is gone");
}

#[test]
fn a_body_shows_no_content() {
    let shown = format!("{:?}", Body::from("s3cret"));
    assert_eq!(shown, "Body { length: Some(6), is_replayable: true }");
    assert!(!format!("{:?}", Multipart::new().text("a", "s3cret")).contains("s3cret"));
}

#[tokio::test]
async fn a_form_can_be_sent_again_if_every_part_can() {
    let file = |body: Body| Multipart::new().text("a", "1").part("b", Part::body(body));
    let whole = file(Body::from("2")).into_body();
    assert!(whole.is_replayable());
    let len = u64::try_from(read(&whole).await.unwrap().len()).unwrap();
    assert_eq!(whole.length(), Some(len));

    let streamed = file(Body::once(stream::iter(pieces(&["2"])))).into_body();
    assert!(!streamed.is_replayable());
    assert_eq!(streamed.length(), None);
    read(&streamed).await.unwrap();
    assert!(streamed.open().is_err());
}

#[test]
fn a_content_type_cannot_begin_a_header_of_its_own() {
    let error = Part::bytes("")
        .with_content_type("image/png\r\nX-Evil: 1")
        .unwrap_err();
    assert!(error.to_string().contains("control character"), "{error}");
}

/// What another implementation reads in a form: name, file name, content type, bytes.
async fn parsed(form: Multipart) -> Vec<(String, Option<String>, Option<String>, Vec<u8>)> {
    let boundary = multer::parse_boundary(form.content_type()).unwrap();
    let bytes = read(&form.into_body()).await.unwrap();
    let body = stream::iter([Ok::<_, io::Error>(Bytes::from(bytes))]);
    let mut form = multer::Multipart::new(body, boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.unwrap() {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let content_type = field.content_type().map(ToString::to_string);
        parts.push((
            name,
            file_name,
            content_type,
            field.bytes().await.unwrap().to_vec(),
        ));
    }
    parts
}

#[tokio::test]
async fn a_form_has_its_fields_and_files() {
    let png = Part::bytes("\x01\r\n--x")
        .with_file_name("a \"b\".png")
        .with_content_type("image/png")
        .unwrap();
    let form = Multipart::new()
        .text("purpose", "dispute_evidence")
        .part("file", png)
        .part("file", Part::bytes("").with_file_name("empty"));
    let binary = "application/octet-stream";
    let expected = [
        ("purpose", None, None, "dispute_evidence"),
        (
            "file",
            Some("a %22b%22.png"),
            Some("image/png"),
            "\x01\r\n--x",
        ),
        ("file", Some("empty"), Some(binary), ""),
    ];
    let expected = expected.map(|(name, file, kind, bytes)| {
        let bytes = bytes.as_bytes().to_vec();
        (
            name.to_owned(),
            file.map(str::to_owned),
            kind.map(str::to_owned),
            bytes,
        )
    });
    assert_eq!(parsed(form).await, expected);
}

#[tokio::test]
async fn a_form_without_parts_is_a_form() {
    assert_eq!(parsed(Multipart::new()).await, []);
}

proptest! {
    #[test]
    fn every_form_is_read_by_another_implementation_as_it_was_written(
        fields in prop::collection::vec(("[a-z_\\[\\]]{1,8}", prop::collection::vec(any::<u8>(), 0..64)), 0..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let form = fields.iter().fold(Multipart::new(), |form, (name, bytes)| {
            form.part(name.clone(), Part::bytes(bytes.clone()))
        });
        let expected: Vec<_> = fields.into_iter().map(|(name, bytes)| (name, None, None, bytes)).collect();
        prop_assert_eq!(runtime.block_on(parsed(form)), expected);
    }
}
