//! Privileges of the process: it keeps none, and no program that it executes gains any.

use rustix::io;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, remove_capability_from_bounding_set,
    set_capabilities, set_no_new_privs,
};

const NONE: CapabilitySets = CapabilitySets {
    effective: CapabilitySet::empty(),
    permitted: CapabilitySet::empty(),
    inheritable: CapabilitySet::empty(),
};

/// Empties the bounding set. Only a privileged process can, and only for such a one does the set matter.
pub(super) fn empty_bounding_set() {
    for number in 0..u64::BITS {
        // The kernel may not have this capability.
        let _ = remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number));
    }
}

/// Makes this thread one that gains no privilege by executing a program.
pub(super) fn allow_no_new() -> io::Result<()> {
    set_no_new_privs(true)
}

/// Drops every capability of this thread; the ambient ones go with the permitted ones.
pub(super) fn drop_capabilities() -> io::Result<()> {
    if capabilities(None)? == NONE {
        // A service manager's filter may deny the call that drops them.
        return Ok(());
    }
    set_capabilities(None, NONE)
}
