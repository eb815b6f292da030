//! Identity of the serving process: root binds, then another user serves.

use std::ffi::CString;

use nix::unistd::{Gid, Group, Uid, User, initgroups, setgid, setuid};

/// The user and group to become.
#[derive(Debug, Clone)]
pub struct Identity {
    name: CString,
    user: Uid,
    group: Gid,
}

impl Identity {
    /// Looks up a user and a group; without a group, the user's own.
    ///
    /// # Errors
    /// The key at fault, and a message that says what is wrong and what to do instead.
    pub fn find(user: &str, group: Option<&str>) -> Result<Self, (&'static str, String)> {
        if !Uid::effective().is_root() {
            let why = "only root can become another user; start as root, or leave it out";
            return Err(("user", why.to_owned()));
        }
        let found = User::from_name(user).map_err(|error| ("user", format!("{user}: {error}")))?;
        let found = found.ok_or_else(|| ("user", format!("there is no user {user}")))?;
        let group = match group {
            None => found.gid,
            Some(group) => {
                Group::from_name(group)
                    .map_err(|error| ("group", format!("{group}: {error}")))?
                    .ok_or_else(|| ("group", format!("there is no group {group}")))?
                    .gid
            }
        };
        let name = CString::new(found.name).map_err(|_| ("user", format!("{user}: not a name")))?;
        Ok(Self {
            name,
            user: found.uid,
            group,
        })
    }

    pub(crate) fn user(&self) -> u32 {
        self.user.as_raw()
    }

    pub(crate) fn group(&self) -> u32 {
        self.group.as_raw()
    }

    pub(crate) fn name(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    /// Becomes the user, for good: with the user's supplementary groups and no others.
    ///
    /// Called while the process has one thread.
    ///
    /// # Errors
    /// An I/O error if the groups or the user can't be set; the process must not go on then.
    pub fn assume(&self) -> nix::Result<()> {
        initgroups(&self.name, self.group)?;
        setgid(self.group)?;
        setuid(self.user)
    }
}
