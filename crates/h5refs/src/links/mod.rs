//! Every path that leads to an object. An object is indexed once, by its first path; links give it more.
//!
//! | file | what |
//! |---|---|
//! | `resolve` | the object that a path leads to |
//! | `aliases` | all further paths that links give to objects |
//! | `left_out` | the links that are not in the sidecar |

mod aliases;
mod left_out;
mod resolve;

pub(crate) use self::aliases::Links;
pub use self::left_out::LeftOut;
pub(crate) use self::left_out::List;
pub(crate) use self::resolve::Resolver;

/// The path of what a group holds under a name.
fn below(group: &str, name: &str) -> String {
    format!("{}/{name}", group.trim_end_matches('/'))
}
