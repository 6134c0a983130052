//! The few system calls that neither std nor rustix offers safely.
//!
//! Everything here is called from the single-threaded shim only: forking a
//! process that has threads leaves locks held for ever in the child.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Which side of a fork the caller is on.
pub(crate) enum Fork {
    Parent(i32),
    Child,
}

/// Name spaces of a sandbox: mount, pid, ipc and uts.
pub(crate) const SANDBOX_NAMESPACES: i32 =
    libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
/// Added where the caller is not root.
pub(crate) const USER_NAMESPACE: i32 = libc::CLONE_NEWUSER;

/// `fork`, for a process with one thread.
#[allow(unsafe_code)]
pub(crate) fn fork() -> io::Result<Fork> {
    // SAFETY: the shim has one thread, so no lock can be left held in the child.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        pid => Ok(Fork::Parent(pid)),
    }
}

/// Forks into new name spaces; the child of `CLONE_NEWPID` is process 1 there.
#[allow(unsafe_code)]
pub(crate) fn fork_into(namespaces: i32) -> io::Result<Fork> {
    let flags = (namespaces | libc::SIGCHLD) as libc::c_ulong;
    // SAFETY: without CLONE_VM and with a null stack, clone behaves as fork;
    // the shim has one thread. The last three arguments are unused, so that
    // their order, which differs between architectures, does not matter.
    match unsafe { libc::syscall(libc::SYS_clone, flags, 0_usize, 0_usize, 0_usize, 0_usize) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        pid => Ok(Fork::Parent(pid as i32)),
    }
}

/// Ends the process without running anything that the parent registered.
#[allow(unsafe_code)]
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Replaces the program; returns only on failure.
#[allow(unsafe_code)]
pub(crate) fn exec(program: &CStr, argv: &[CString], env: &[CString]) -> io::Error {
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (argv, env) = (pointers(argv), pointers(env));
    // SAFETY: both arrays end with a null pointer and outlive the call.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}

/// A set of signals.
pub(crate) struct Signals(libc::sigset_t);

impl Signals {
    /// The set of the signals named.
    #[allow(unsafe_code)]
    pub(crate) fn of(signals: &[i32]) -> Signals {
        // SAFETY: sigemptyset initialises the set before it is read.
        unsafe {
            let mut set = std::mem::MaybeUninit::uninit();
            libc::sigemptyset(set.as_mut_ptr());
            for signal in signals {
                libc::sigaddset(set.as_mut_ptr(), *signal);
            }
            Signals(set.assume_init())
        }
    }

    /// Makes this set the blocked ones.
    #[allow(unsafe_code)]
    pub(crate) fn block_only(&self) {
        // SAFETY: the set is initialised; the old one is not asked for.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut()) };
    }

    /// A descriptor that is readable while one of the set is pending.
    #[allow(unsafe_code)]
    pub(crate) fn descriptor(&self) -> io::Result<OwnedFd> {
        // SAFETY: -1 asks for a new descriptor, which nobody else owns.
        unsafe {
            match libc::signalfd(-1, &self.0, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
                -1 => Err(io::Error::last_os_error()),
                fd => Ok(OwnedFd::from_raw_fd(fd)),
            }
        }
    }

    /// Waits for one of the set and returns its number.
    #[allow(unsafe_code)]
    pub(crate) fn wait(&self) -> i32 {
        // SAFETY: the set is initialised; no information is asked for.
        unsafe { libc::sigwaitinfo(&self.0, std::ptr::null_mut()) }
    }
}

/// The signal number of the next pending one, from a signal descriptor.
pub(crate) fn next_signal(fd: &OwnedFd) -> Option<i32> {
    let mut info = [0_u8; std::mem::size_of::<libc::signalfd_siginfo>()];
    match rustix::io::read(fd, &mut info) {
        Ok(n) if n == info.len() => {
            Some(u32::from_ne_bytes([info[0], info[1], info[2], info[3]]) as i32)
        }
        _ => None,
    }
}

/// Sets every signal back to its default action, as a program expects it.
#[allow(unsafe_code)]
pub(crate) fn default_signals() {
    for signal in 1..=31 {
        // SAFETY: SIG_DFL is a valid action; failures (KILL, STOP) are harmless.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// What became of a child: its pid and the raw wait status.
#[allow(unsafe_code)]
pub(crate) fn reap_one() -> Option<(i32, i32)> {
    let mut status = 0;
    // SAFETY: status is a valid place to write to.
    match unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) } {
        pid if pid > 0 => Some((pid, status)),
        _ => None,
    }
}

/// Sends a signal; a process that is gone is not an error.
#[allow(unsafe_code)]
pub(crate) fn kill(pid: i32, signal: i32) {
    // SAFETY: kill has no memory effects.
    unsafe { libc::kill(pid, signal) };
}

/// Makes every mount at and (if `recursive`) under `path` read-only, without
/// loosening what else is set on them.
#[allow(unsafe_code)]
pub(crate) fn make_read_only(path: &Path, recursive: bool) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    let flags = if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: path and attributes are valid for the call and of the size given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            &attributes,
            std::mem::size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Closes on exec every descriptor from 3 on, whoever left it open.
#[allow(unsafe_code)]
pub(crate) fn close_inherited_on_exec() {
    // SAFETY: only sets a flag on descriptors; none is closed under an owner.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

/// Gives the process a user and group for good, with no groups besides.
#[allow(unsafe_code)]
pub(crate) fn become_user(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    let check = |result: i32| if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
    // SAFETY: the pointer and length describe `groups`; the others take numbers.
    unsafe {
        check(libc::setgroups(groups.len(), groups.as_ptr()))?;
        check(libc::setresgid(gid, gid, gid))?;
        check(libc::setresuid(uid, uid, uid))
    }
}

/// Joins the name spaces that the descriptor of a process names.
#[allow(unsafe_code)]
pub(crate) fn join_namespace(fd: &OwnedFd, kind: i32) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: the descriptor is open; the process has one thread.
    match unsafe { libc::setns(fd.as_raw_fd(), kind) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Closes every descriptor but the standard ones and `keep`. For a process
/// that will never return to the frames that own the others.
#[allow(unsafe_code)]
pub(crate) fn close_all_but(keep: i32) {
    // SAFETY: the caller never returns, so no owner uses its descriptor again.
    unsafe {
        if keep > 3 {
            libc::syscall(libc::SYS_close_range, 3_u32, (keep - 1) as u32, 0_u32);
        }
        libc::syscall(libc::SYS_close_range, (keep + 1) as u32, u32::MAX, 0_u32);
    }
}

/// Asks the kernel to kill this process when its parent ends.
pub(crate) fn die_with_parent() {
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// Makes descriptor `to` (0, 1 or 2) a copy of `from`.
#[allow(unsafe_code)]
pub(crate) fn replace_standard(to: i32, from: &OwnedFd) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: both are descriptors; the standard ones belong to the process.
    match unsafe { libc::dup2(from.as_raw_fd(), to) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// What the kernel counted of the children that were waited for, and of theirs.
pub(crate) struct ChildrenUsage {
    pub(crate) cpu_seconds: f64,
    /// The most that one of them held, in bytes.
    pub(crate) memory_peak: u64,
}

#[allow(unsafe_code)]
pub(crate) fn children_usage() -> ChildrenUsage {
    // SAFETY: plain numbers, for which zero is a value; filled in by the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    ChildrenUsage {
        cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        // Linux counts it in KiB.
        memory_peak: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
    }
}
