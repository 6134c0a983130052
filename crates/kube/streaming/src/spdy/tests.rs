use super::headers::{DICTIONARY, Headers, Reader as Unpacker, Writer as Packer};
use super::*;

/// The checksum by which zlib names SPDY's dictionary.
#[test]
fn the_dictionary_is_that_of_spdy_3() {
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in DICTIONARY.iter() {
        low = (low + u32::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    assert_eq!((DICTIONARY.len(), high << 16 | low), (1423, 0xe3c6_a7c2));
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn headers_come_back_block_after_block() {
    let (mut packer, mut unpacker) = (Packer::default(), Unpacker::default());
    let long = "x".repeat(5000);
    for one in [
        headers(&[("streamtype", "data"), ("port", "8080")]),
        headers(&[]),
        headers(&[("streamtype", "error"), ("port", "8080"), ("long", &long)]),
    ] {
        let packed = packer.write(&one).unwrap();
        assert_eq!(unpacker.read(&packed).unwrap(), one);
    }
}

/// A client by hand: what a stream sends and hears.
struct Client {
    io: tokio::io::DuplexStream,
    packer: Packer,
}

impl Client {
    fn connect() -> (Client, Connection) {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        (Client { io: ours, packer: Packer::default() }, Connection::serve(theirs))
    }

    async fn open(&mut self, id: u32, pairs: &[(&str, &str)]) {
        let block = self.packer.write(&headers(pairs)).unwrap();
        let mut bytes = vec![0x80, 3, 0, 1];
        bytes.extend((10 + block.len() as u32).to_be_bytes());
        bytes.extend(id.to_be_bytes());
        bytes.extend([0; 6]);
        bytes.extend(block);
        self.io.write_all(&bytes).await.unwrap();
    }

    async fn say(&mut self, id: u32, flags: u8, text: &[u8]) {
        let head = [id.to_be_bytes(), (u32::from(flags) << 24 | text.len() as u32).to_be_bytes()];
        self.io.write_all(&[&head.concat(), text].concat()).await.unwrap();
    }

    /// Kind or stream, flags, body.
    async fn hear(&mut self) -> Option<(u32, u8, Vec<u8>)> {
        let head = frame::head(&mut self.io).await.unwrap()?;
        let (name, flags, length) = match head {
            Head::Data { stream, last, length } => (stream, u8::from(last), length),
            Head::Control { kind, flags, length } => (0x8000_0000 | u32::from(kind), flags, length),
        };
        Some((name, flags, frame::body(&mut self.io, length).await.unwrap()))
    }
}

#[tokio::test]
async fn a_stream_is_answered_heard_and_closed() {
    let (mut client, mut connection) = Client::connect();
    client.open(1, &[("streamType", "data")]).await;
    client.say(1, 0, b"hello").await;
    client.say(1, frame::FIN, b" there").await;
    let mut stream = connection.accept().await.unwrap();
    assert_eq!(stream.header("streamtype"), Some("data"));
    assert_eq!(stream.receive().await.unwrap(), "hello");
    assert_eq!(stream.receive().await.unwrap(), " there");
    assert_eq!(stream.receive().await, None);
    assert!(stream.sender().send(Bytes::from(vec![7; 70_000])).await);
    stream.sender().finish().await;
    assert_eq!(client.hear().await.unwrap().0, 0x8000_0002, "a reply comes first");
    let mut heard = 0;
    loop {
        let (name, flags, body) = {
            let head = frame::head(&mut client.io).await.unwrap().unwrap();
            let Head::Data { stream, last, length } = head else { panic!("not data") };
            let mut body = vec![0; length];
            client.io.read_exact(&mut body).await.unwrap();
            (stream, last, body)
        };
        assert_eq!(name, 1);
        heard += body.len();
        if flags {
            break;
        }
    }
    assert_eq!(heard, 70_000);
}

#[tokio::test]
async fn a_ping_comes_back_and_the_end_is_seen() {
    let (mut client, mut connection) = Client::connect();
    client.io.write_all(&[0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 9]).await.unwrap();
    assert_eq!(client.hear().await.unwrap(), (0x8000_0006, 0, vec![0, 0, 0, 9]));
    drop(client);
    assert!(connection.accept().await.is_none());
}

#[tokio::test]
async fn what_is_not_spdy_ends_the_connection() {
    for nonsense in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0x80, 2, 0, 1, 0, 0, 0, 0],
        // A control frame of 16 MiB, one without a body, headers that are not packed.
        &[0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff],
        &[0x80, 3, 0, 1, 0, 0, 0, 2, 0, 0],
        &[0x80, 3, 0, 1, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
    ] {
        let (mut client, mut connection) = Client::connect();
        client.io.write_all(nonsense).await.unwrap();
        client.io.shutdown().await.unwrap();
        assert!(connection.accept().await.is_none(), "{nonsense:?}");
    }
}

#[tokio::test]
async fn too_many_streams_are_refused() {
    let (mut client, mut connection) = Client::connect();
    let (mut streams, mut refused) = (Vec::new(), 0);
    for id in (1..).step_by(2).take(MOST_STREAMS + 1) {
        client.open(id, &[]).await;
        match client.hear().await.unwrap().0 {
            0x8000_0003 => refused += 1,
            _ => streams.push(connection.accept().await.unwrap()),
        }
    }
    assert_eq!((streams.len(), refused), (MOST_STREAMS, 1));
}
