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
    /// A message that says what is wrong and what to do instead.
    pub fn find(user: &str, group: Option<&str>) -> Result<Self, String> {
        if !Uid::effective().is_root() {
            return Err(
                "--user can be used by root alone; start as root, or leave it out".to_owned(),
            );
        }
        let found = User::from_name(user).map_err(|error| format!("--user {user}: {error}"))?;
        let found = found.ok_or_else(|| format!("--user {user}: there is no such user"))?;
        let group = match group {
            None => found.gid,
            Some(group) => {
                Group::from_name(group)
                    .map_err(|error| format!("--group {group}: {error}"))?
                    .ok_or_else(|| format!("--group {group}: there is no such group"))?
                    .gid
            }
        };
        let name = CString::new(found.name).map_err(|_| format!("--user {user}: not a name"))?;
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
