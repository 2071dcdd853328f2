//! Where histories are mirrored: `[mirrors]`.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::{GITHUB_API, read::Reader};

/// Where histories are mirrored, so that release tags can be judged. Nothing is mirrored without a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorSettings {
    /// Folder of the mirrors; made when it is absent.
    pub folder: PathBuf,
    /// What stands before `/owner/name.git`: https:// or file://.
    pub git_base: String,
    /// Longest duration of one fetch, in minutes, 1 to 1,440; default 30.
    pub most_minutes: u32,
    /// Largest size of one mirror, in MiB, 1 to 1,048,576; default 20,480.
    pub most_mib: u32,
}

/// `[mirrors]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mirrors {
    pub folder: Option<Spanned<String>>,
    pub git_base: Option<Spanned<String>>,
    pub most_minutes: Option<Spanned<i64>>,
    pub most_mib: Option<Spanned<i64>>,
}

/// Reads and checks all of it; `api_base` says whose git is meant where `git_base` is not set.
pub(super) fn read(reader: &mut Reader<'_>, api_base: Option<&str>, file: Mirrors) -> Option<MirrorSettings> {
    let folder = reader.path("EMBARGOD_MIRRORS_FOLDER", file.folder);
    let git_base = read_base(reader, file.git_base);
    let most_minutes = reader.within("EMBARGOD_MIRRORS_MOST_MINUTES", file.most_minutes, 30, 1, 1_440);
    let most_mib = reader.within("EMBARGOD_MIRRORS_MOST_MIB", file.most_mib, 20_480, 1, 1_048_576);
    let git_base = git_base.unwrap_or_else(|| usual_base(api_base.unwrap_or(GITHUB_API)));
    folder.map(|folder| MirrorSettings { folder, git_base, most_minutes, most_mib })
}

fn read_base(reader: &mut Reader<'_>, from_file: Option<Spanned<String>>) -> Option<String> {
    let found = reader.text("EMBARGOD_MIRRORS_GIT_BASE", from_file)?;
    let fits = url::Url::parse(&found.value).is_ok_and(|url| match url.scheme() {
        "https" => url.has_host() && url.username().is_empty() && url.password().is_none(),
        "file" => true,
        _ => false,
    });
    if !fits {
        let remedy = "begin with https:// and a host name, without user and password, or with file:// and a folder";
        reader.problem(found.place, "is no address that git may fetch from", remedy);
        return None;
    }
    Some(found.value.trim_end_matches('/').to_owned())
}

/// GitHub's own git, or that of the Enterprise server whose API is used.
fn usual_base(api_base: &str) -> String {
    if api_base == GITHUB_API {
        return "https://github.com".to_owned();
    }
    url::Url::parse(api_base).map_or_else(|_| api_base.to_owned(), |url| url.origin().ascii_serialization())
}
