//! Who holds the port that the platform has connected to.
//!
//! Pods share the machine's addresses: any of them may listen on a port before
//! the pod that it is meant for, on 0.0.0.0 at once on all. So whoever connects to a
//! pod asks here, before the first byte, whether the other end is a process of the
//! pod's project; user ids tell, and each project has a range of its own.
//!
//! The question is about the connection itself and not about who listens: a
//! listener may be replaced between the look and the connect. Where all pods run
//! as one user, nothing can be told and every connection is fine.

mod diag;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;

use tokio::net::TcpStream;

use crate::host::{Host, lock};
use diag::Socket;

/// Tells whether connections go to the project that they are meant for.
#[derive(Clone)]
pub struct Peers(pub(crate) Arc<Host>);

impl Peers {
    /// Call it before anything is sent.
    ///
    /// # Errors
    /// `PermissionDenied` when the other end is not a process of `namespace`, in
    /// words that may be shown to its people.
    pub fn check(&self, connection: &TcpStream, namespace: &str) -> io::Result<()> {
        self.0.check_peer(connection, namespace)
    }
}

impl Host {
    /// As [`Peers::check`].
    pub(crate) fn check_peer(&self, connection: &TcpStream, namespace: &str) -> io::Result<()> {
        let (Some(users), true) = (&self.users, self.peers_are_known) else { return Ok(()) };
        let (ours, theirs) = (connection.local_addr()?, connection.peer_addr()?);
        if !is_of_this_machine(theirs.ip()) {
            return Ok(());
        }
        let range = lock(users).range(namespace).unwrap_or_default();
        check(&Kernel, (theirs, ours), &range)
    }

    /// A connection to a pod of `namespace`, and to nobody else.
    pub(crate) async fn connect(&self, to: SocketAddr, namespace: &str) -> io::Result<TcpStream> {
        let connection = TcpStream::connect(to).await?;
        self.check_peer(&connection, namespace)?;
        Ok(connection)
    }
}

/// Whether this kernel says whose a connection is: asked once, of one made for it.
pub(crate) fn are_known() -> io::Result<()> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let connection = std::net::TcpStream::connect(listener.local_addr()?)?;
    let ends = (connection.peer_addr()?, connection.local_addr()?);
    let uid = rustix::process::geteuid().as_raw();
    check(&Kernel, ends, &(uid..uid + 1))
}

/// All of 127.0.0.0/8: pods have addresses of their own there, or the node's.
fn is_of_this_machine(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// What the kernel knows of sockets.
trait Sockets {
    /// The end of a connection at `local`, whose other end is `remote`.
    fn connected(&self, local: SocketAddr, remote: SocketAddr) -> io::Result<Option<Socket>>;
    /// All that listen on `at`, on it alone or on every address.
    fn listening(&self, at: SocketAddr) -> io::Result<Vec<Socket>>;
}

struct Kernel;

impl Sockets for Kernel {
    fn connected(&self, local: SocketAddr, remote: SocketAddr) -> io::Result<Option<Socket>> {
        diag::connected(local, remote)
    }

    fn listening(&self, at: SocketAddr) -> io::Result<Vec<Socket>> {
        diag::listening(at)
    }
}

/// Linux before 6.17 tells no owner of a connection that nobody has accepted yet. Such a
/// one belongs to somebody who listens there: it ends with its listener. So it is fine if
/// only the project listened at a moment at which it was still unaccepted.
fn check(
    sockets: &impl Sockets,
    (theirs, ours): (SocketAddr, SocketAddr),
    range: &Range<u32>,
) -> io::Result<()> {
    let held = || {
        let words = format!("port {} is held by a process of another project", theirs.port());
        io::Error::new(io::ErrorKind::PermissionDenied, words)
    };
    let ended = || io::Error::new(io::ErrorKind::ConnectionReset, "the connection was closed");
    let owned = |socket: &Socket| {
        let of_project = range.contains(&socket.uid);
        socket.has_owner().then_some(of_project)
    };
    match owned(&sockets.connected(theirs, ours)?.ok_or_else(ended)?) {
        Some(true) => return Ok(()),
        Some(false) => return Err(held()),
        None => {}
    }
    let listeners = sockets.listening(theirs)?;
    let strangers = listeners.iter().any(|listener| !range.contains(&listener.uid));
    match owned(&sockets.connected(theirs, ours)?.ok_or_else(ended)?) {
        Some(true) => Ok(()),
        Some(false) => Err(held()),
        None if strangers => Err(held()),
        None if listeners.is_empty() => Err(ended()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Answers in order.
    struct Told {
        connected: RefCell<Vec<Option<Socket>>>,
        listening: Vec<Socket>,
    }

    impl Sockets for Told {
        fn connected(&self, _: SocketAddr, _: SocketAddr) -> io::Result<Option<Socket>> {
            Ok(self.connected.borrow_mut().remove(0))
        }

        fn listening(&self, _: SocketAddr) -> io::Result<Vec<Socket>> {
            Ok(self.listening.clone())
        }
    }

    fn socket(uid: u32, inode: u32) -> Socket {
        Socket { uid, inode, local: "127.80.0.2:8888".parse().unwrap() }
    }

    fn verdict(connected: &[Option<Socket>], listening: &[Socket]) -> Result<(), io::ErrorKind> {
        let told =
            Told { connected: RefCell::new(connected.to_vec()), listening: listening.into() };
        let ends = ("127.80.0.2:8888".parse().unwrap(), "127.0.0.1:5".parse().unwrap());
        check(&told, ends, &(1000..2000)).map_err(|error| error.kind())
    }

    const HELD: Result<(), io::ErrorKind> = Err(io::ErrorKind::PermissionDenied);
    const ENDED: Result<(), io::ErrorKind> = Err(io::ErrorKind::ConnectionReset);

    #[test]
    fn whoever_accepted_decides() {
        assert_eq!(verdict(&[Some(socket(1000, 7))], &[]), Ok(()));
        for stranger in [999, 2000, 0] {
            assert_eq!(verdict(&[Some(socket(stranger, 7))], &[]), HELD, "{stranger}");
        }
        // Newer kernels say it before anybody accepts.
        assert_eq!(verdict(&[Some(socket(1999, 0))], &[]), Ok(()));
        assert_eq!(verdict(&[Some(socket(2000, 0))], &[]), HELD);
        assert_eq!(verdict(&[None], &[socket(1000, 1)]), ENDED);
    }

    #[test]
    fn an_unaccepted_one_is_of_those_who_listen() {
        let (unknown, ours, theirs) = (Some(socket(0, 0)), socket(1000, 1), socket(2000, 2));
        assert_eq!(verdict(&[unknown, unknown], &[ours]), Ok(()));
        assert_eq!(verdict(&[unknown, unknown], &[ours, theirs]), HELD);
        assert_eq!(verdict(&[unknown, unknown], &[theirs]), HELD);
        assert_eq!(verdict(&[unknown, unknown], &[]), ENDED);
        // It was accepted, or ended, while the listeners were read.
        assert_eq!(verdict(&[unknown, Some(socket(2000, 9))], &[ours]), HELD);
        assert_eq!(verdict(&[unknown, Some(socket(1000, 9))], &[theirs]), Ok(()));
        assert_eq!(verdict(&[unknown, None], &[ours]), ENDED);
    }

    #[test]
    fn this_kernel_tells_whose_connections_are() {
        are_known().unwrap();
        let listener = std::net::TcpListener::bind("[::]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let at = SocketAddr::from(([127, 80, 0, 9], port));
        let connection = std::net::TcpStream::connect(at).unwrap();
        let ends = (at, connection.local_addr().unwrap());
        let us = rustix::process::geteuid().as_raw();
        for accepted in [false, true] {
            let _kept = accepted.then(|| listener.accept().unwrap());
            assert!(check(&Kernel, ends, &(us..us + 1)).is_ok(), "{accepted}");
            let refused = check(&Kernel, ends, &(us + 1..us + 2)).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{accepted}");
        }
        let listeners = diag::listening(at).unwrap();
        assert_eq!(listeners.iter().map(|one| one.uid).collect::<Vec<_>>(), [us]);
    }
}
