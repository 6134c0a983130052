//! Sockets as the kernel tells of them: the protocol of sock_diag(7).
//!
//! Layouts: `inet_diag_req_v2` and `inet_diag_msg` in linux/inet_diag.h. All numbers
//! are the machine's own, but ports and addresses, which are as on the wire.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const TCP: u8 = 6;
const INET: u8 = 2;
const INET6: u8 = 10;
const LISTENING: u32 = 1 << 10;
/// Of a netlink message's head.
const HEAD: usize = 16;
/// Of `inet_diag_msg`.
const MESSAGE: usize = 72;

/// A socket of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) uid: u32,
    /// 0 while no process has it.
    pub(super) inode: u32,
    pub(super) local: SocketAddr,
}

impl Socket {
    /// Whether `uid` says anything: 0 is also what an old kernel says of a connection
    /// that nobody has accepted.
    pub(super) fn has_owner(&self) -> bool {
        self.uid != 0 || self.inode != 0
    }
}

/// The end of a connection that is at `local`.
pub(super) fn connected(local: SocketAddr, remote: SocketAddr) -> io::Result<Option<Socket>> {
    let asked = request(NLM_F_REQUEST, family(local), u32::MAX, &id(local, remote));
    match ask(&asked) {
        Ok(found) => Ok(found.first().copied()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Those that take connections to `at`.
pub(super) fn listening(at: SocketAddr) -> io::Result<Vec<Socket>> {
    let mut id = [0; 48];
    id[..2].copy_from_slice(&at.port().to_be_bytes());
    let mut all = Vec::new();
    for family in [INET, INET6] {
        match ask(&request(NLM_F_REQUEST | NLM_F_DUMP, family, LISTENING, &id)) {
            Ok(found) => all.extend(found),
            // A kernel without IPv6.
            Err(error) if error.kind() == io::ErrorKind::NotFound && family == INET6 => {}
            Err(error) => return Err(error),
        }
    }
    all.retain(|one| {
        one.local.port() == at.port()
            && (one.local.ip().is_unspecified() || one.local.ip() == at.ip().to_canonical())
    });
    Ok(all)
}

fn family(of: SocketAddr) -> u8 {
    if of.is_ipv4() { INET } else { INET6 }
}

/// `inet_diag_sockid`: ports, addresses, no device, no cookie.
fn id(local: SocketAddr, remote: SocketAddr) -> [u8; 48] {
    let mut id = [0; 48];
    id[..2].copy_from_slice(&local.port().to_be_bytes());
    id[2..4].copy_from_slice(&remote.port().to_be_bytes());
    for (place, ip) in [(4, local.ip()), (20, remote.ip())] {
        match ip {
            IpAddr::V4(ip) => id[place..place + 4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => id[place..place + 16].copy_from_slice(&ip.octets()),
        }
    }
    id[40..].fill(0xff);
    id
}

fn request(flags: u16, family: u8, states: u32, id: &[u8; 48]) -> Vec<u8> {
    let mut message = Vec::with_capacity(MESSAGE);
    message.extend_from_slice(&(MESSAGE as u32).to_ne_bytes());
    message.extend_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend_from_slice(&flags.to_ne_bytes());
    // Neither a sequence nor a port: each question has a socket of its own.
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[family, TCP, 0, 0]);
    message.extend_from_slice(&states.to_ne_bytes());
    message.extend_from_slice(id);
    message
}

/// The kernel has answered when the question is sent, and goes on with every part that is
/// read: nothing here waits.
fn ask(question: &[u8]) -> io::Result<Vec<Socket>> {
    let kernel: OwnedFd = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    send(&kernel, question, SendFlags::empty())?;
    let is_dump = question[6..8] != NLM_F_REQUEST.to_ne_bytes();
    let (mut found, mut buffer) = (Vec::new(), vec![0; 32 << 10]);
    loop {
        let (length, _) = recv(&kernel, &mut buffer[..], RecvFlags::DONTWAIT)?;
        if read(&buffer[..length], &mut found)? || !is_dump {
            return Ok(found);
        }
    }
}

/// Takes what a datagram tells; whether it was the last.
fn read(mut datagram: &[u8], found: &mut Vec<Socket>) -> io::Result<bool> {
    while let (Some(length), Some(kind)) = (number(datagram, 0), datagram.get(4..6)) {
        let length = length as usize;
        let Some(body) = datagram.get(HEAD..length) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "sock_diag: a torn answer"));
        };
        match u16::from_ne_bytes([kind[0], kind[1]]) {
            NLMSG_DONE => return Ok(true),
            NLMSG_ERROR => {
                let code = number(body, 0).unwrap_or_default().cast_signed();
                return Err(io::Error::from_raw_os_error(-code));
            }
            SOCK_DIAG_BY_FAMILY => found.extend(socket(body)),
            _ => {}
        }
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

fn socket(body: &[u8]) -> Option<Socket> {
    let port = u16::from_be_bytes([*body.get(4)?, *body.get(5)?]);
    let address: [u8; 16] = body.get(8..24)?.try_into().ok()?;
    let ip = match body.first()? {
        &INET => IpAddr::from([address[0], address[1], address[2], address[3]]),
        _ => IpAddr::from(Ipv6Addr::from(address)).to_canonical(),
    };
    let local = SocketAddr::new(ip, port);
    Some(Socket { uid: number(body, 64)?, inode: number(body, 68)?, local })
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
