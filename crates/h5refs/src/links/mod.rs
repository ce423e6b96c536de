//! Every path that leads to an object. An object is indexed once, by its first path; links give it more.
//!
//! | file | what |
//! |---|---|
//! | `resolve` | the object that a path leads to |
//! | `aliases` | all further paths that links give to objects |

mod aliases;
mod resolve;

use h5meta::message::LinkTarget;
use h5meta::model::NamedLink;

pub(crate) use self::aliases::Links;
pub(crate) use self::resolve::resolve;

use crate::document::text as text_of;

/// A link that is not in the sidecar.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The link's own path.
    pub path: String,
    /// `hard` (another name of an object), `soft`, `external` or `user-defined`.
    pub kind: &'static str,
    /// Where it leads, as far as the file says.
    pub target: String,
    /// Why it is not in the sidecar.
    pub reason: String,
}

impl LeftOut {
    /// `leads_to` is the first path of the object that a hard link leads to.
    fn of(link: &NamedLink, path: String, leads_to: &str) -> Self {
        let (kind, target) = match &link.target {
            LinkTarget::Hard(_) => ("hard", leads_to.to_owned()),
            LinkTarget::Soft(path) => ("soft", text_of(path)),
            LinkTarget::External { file, path } => {
                ("external", format!("{} in {}", text_of(path), text_of(file)))
            }
            LinkTarget::UserDefined { class } => ("user-defined", format!("class {class}")),
            _ => ("of an unknown kind", String::new()),
        };
        Self { path, kind, target, reason: String::new() }
    }

    pub(crate) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }
}

/// The path of what a group holds under a name.
fn below(group: &str, name: &str) -> String {
    format!("{}/{name}", group.trim_end_matches('/'))
}
