//! Whose socket listens at an address: what the kernel tells under `/proc`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The process on this machine that listens there. None if it can't be found: it is another user's, or elsewhere.
pub(crate) fn listening_at(server: SocketAddr) -> Option<i32> {
    let table = |path| fs::read_to_string(path).unwrap_or_default();
    let sockets = table("/proc/net/tcp") + &table("/proc/net/tcp6");
    let inode = sockets.lines().find_map(|line| listener(line, server))?;
    let link = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.find(|pid| holds(*pid, &link))
}

/// Whether one of a process's files is this one.
fn holds(pid: i32, link: &str) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    let mut links = files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok());
    links.any(|found| found.as_os_str() == link)
}

/// The inode in a line of `/proc/net/tcp`, if that socket listens at the address.
fn listener(line: &str, server: SocketAddr) -> Option<u64> {
    const LISTEN: &str = "0A";
    let words: Vec<_> = line.split_whitespace().collect();
    let [_, local, _, LISTEN, _, _, _, _, _, inode, ..] = words[..] else {
        return None;
    };
    let (ip, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let ip = address(ip)?.to_canonical();
    let listens = port == server.port() && (ip == server.ip() || ip.is_unspecified());
    listens.then(|| inode.parse().ok()).flatten()
}

/// Words of 32 bits as they lie in memory, in hexadecimal.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let digits = hex.get(at..at + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_process_that_listens_is_found() {
        let own = Some(std::process::id() as i32);
        for at in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(at) else {
                continue; // There may be no IPv6.
            };
            assert_eq!(listening_at(listener.local_addr().unwrap()), own, "{at}");
        }
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn a_line_of_the_table_is_read() {
        let line = " 0: 0100007F:125C 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1055 1 0";
        let inode = |at: &str| listener(line, at.parse().unwrap());
        assert_eq!(inode("127.0.0.1:4700"), Some(1055));
        assert_eq!(inode("127.0.0.2:4700"), None);
        assert_eq!(inode("127.0.0.1:4701"), None);
        let connected = line.replace(" 0A ", " 01 ");
        assert_eq!(
            listener(&connected, "127.0.0.1:4700".parse().unwrap()),
            None
        );
    }
}
