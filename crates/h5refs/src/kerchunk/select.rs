//! Which objects of a file its user wants in the sidecar.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs on the paths of objects, and the group that the sidecar is rooted at.
///
/// `*` and `?` stay within one name, `**` goes through any number of groups. A glob that names a group
/// means all that is below it.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    include: Option<GlobSet>,
    exclude: Option<GlobSet>,
    /// Its path, with a slash in front and none behind; empty for the root.
    group: String,
    /// The globs as they were given: those to include, and those to exclude.
    given: (Vec<String>, Vec<String>),
}

impl Selection {
    /// What some `include` globs match, all if there is none, less what some `exclude` globs match; and of
    /// that what is below `group`.
    ///
    /// # Errors
    /// The glob that is none, and why.
    pub fn new(
        include: &[String],
        exclude: &[String],
        group: Option<&str>,
    ) -> Result<Self, String> {
        let parts = group.unwrap_or_default().split('/').filter(|part| !part.is_empty());
        let group = parts.map(|part| format!("/{part}")).collect();
        let given = (include.to_vec(), exclude.to_vec());
        Ok(Self { include: globs(include)?, exclude: globs(exclude)?, group, given })
    }

    /// The globs as they were given: those to include, and those to exclude.
    pub(crate) fn globs(&self) -> &(Vec<String>, Vec<String>) {
        &self.given
    }

    /// Whether it is everything.
    pub(super) fn is_all(&self) -> bool {
        self.include.is_none() && self.exclude.is_none() && self.group.is_empty()
    }

    /// Whether what is left out could have been named: a selection that matches nothing is a mistake.
    pub(super) fn has_include(&self) -> bool {
        self.include.is_some()
    }

    /// The group that the sidecar is rooted at: `/`, `/gt1l/heights`.
    pub(crate) fn group(&self) -> &str {
        if self.group.is_empty() { "/" } else { &self.group }
    }

    /// Whether an object is wanted.
    pub(super) fn selects(&self, path: &str) -> bool {
        let included = self.include.as_ref().is_none_or(|globs| is_match(globs, path));
        let excluded = self.exclude.as_ref().is_some_and(|globs| is_match(globs, path));
        included && !excluded && self.within(path).is_some()
    }

    /// The path in the sidecar, if it is in the group that this is rooted at.
    pub(super) fn within<'a>(&self, path: &'a str) -> Option<&'a str> {
        match path.strip_prefix(self.group.as_str()) {
            Some("") => Some("/"),
            Some(rest) if rest.starts_with('/') => Some(rest),
            _ => None,
        }
    }
}

fn globs(patterns: &[String]) -> Result<Option<GlobSet>, String> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut globs = GlobSetBuilder::new();
    for pattern in patterns {
        let rooted = format!("/{}", pattern.trim_start_matches('/'));
        let rooted = rooted.strip_suffix('/').unwrap_or(&rooted);
        let glob = GlobBuilder::new(rooted).literal_separator(true).backslash_escape(true).build();
        globs.add(glob.map_err(|error| error.to_string())?);
    }
    globs.build().map(Some).map_err(|error| error.to_string())
}

/// Whether a glob matches a path, or a group on the way to it.
fn is_match(globs: &GlobSet, path: &str) -> bool {
    let groups = path.match_indices('/').skip(1).filter_map(|(at, _)| path.get(..at));
    globs.is_match(path) || groups.into_iter().any(|group| globs.is_match(group))
}

#[cfg(test)]
mod tests {
    use super::Selection;

    fn selection(include: &[&str], exclude: &[&str], group: Option<&str>) -> Selection {
        let owned = |globs: &[&str]| globs.iter().map(|&glob| glob.into()).collect::<Vec<_>>();
        Selection::new(&owned(include), &owned(exclude), group).unwrap()
    }

    #[test]
    fn a_star_stays_within_a_name() {
        let heights = selection(&["/gt*/heights/*"], &[], None);
        assert!(heights.selects("/gt1l/heights/h_ph"));
        assert!(!heights.selects("/gt1l/geolocation/h"));
        assert!(!selection(&["/gt*"], &["/gt1l"], None).selects("/gt1l/heights/h_ph"));
        // Two stars go through any number of groups.
        assert!(selection(&["**/h_ph"], &[], None).selects("/gt1l/heights/h_ph"));
        assert!(selection(&["h_ph"], &[], None).selects("/h_ph"));
        assert!(!selection(&["h_ph"], &[], None).selects("/gt1l/h_ph"));
    }

    #[test]
    fn a_group_means_all_below_it() {
        for glob in ["/gt1l", "gt1l", "gt1l/", "/gt1l/**"] {
            assert!(selection(&[glob], &[], None).selects("/gt1l/heights/h_ph"), "{glob}");
            assert!(!selection(&[glob], &[], None).selects("/gt1l2/heights"), "{glob}");
            assert!(!selection(&[], &[glob], None).selects("/gt1l/heights/h_ph"), "{glob}");
        }
    }

    #[test]
    fn a_sidecar_can_be_rooted_at_a_group() {
        let rooted = selection(&[], &[], Some("gt1l/heights/"));
        assert_eq!(rooted.within("/gt1l/heights"), Some("/"));
        assert_eq!(rooted.within("/gt1l/heights/h_ph"), Some("/h_ph"));
        assert_eq!(rooted.within("/gt1l/heights2/h_ph"), None);
        assert_eq!(selection(&[], &[], Some("/")).within("/a"), Some("/a"));
    }

    #[test]
    fn a_glob_that_is_none_is_an_error() {
        assert!(Selection::new(&["/a[".into()], &[], None).is_err());
    }
}
