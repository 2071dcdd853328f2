//! The pages that the browser sees. Everything in them is escaped by the template engine.

use askama::Template;

use super::manifest::AppManifest;

/// What is registered, and the button that does it.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Register embargod</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:3em auto;padding:0 1em}</style>
<h1>Register embargod with GitHub</h1>
<p>This registers a GitHub App named <b>{{ manifest.name }}</b> for
{% match organisation %}{% when Some with (organisation) %}the organisation <b>{{ organisation }}</b>{% when None %}your own account{% endmatch %}.
On the next page GitHub asks you to confirm, and lets you change the name. Nothing is installed yet.</p>
<p>{% if manifest.hook_attributes.active %}Its webhooks go to <code>{{ manifest.hook_attributes.url }}</code>.{% else %}Its webhooks are switched
off until you set an address.{% endif %} It asks for:</p>
<ul>
{% for (name, access) in manifest.default_permissions %}<li>{{ name }}: {{ access }}</li>
{% endfor %}</ul>
<form method="post" action="{{ action }}">
<input type="hidden" name="manifest" value="{{ manifest_json }}">
<button type="submit">Register on GitHub</button>
</form>
</html>
"#
)]
pub(super) struct Start<'a> {
    pub(super) manifest: &'a AppManifest,
    pub(super) organisation: Option<&'a str>,
    pub(super) manifest_json: &'a str,
    pub(super) action: &'a str,
}

/// How it ended.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{{ title }}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:3em auto;padding:0 1em}</style>
<h1>{{ title }}</h1>
<p>{{ text }}</p>
{% if again %}<p><a href="/">Back to the start</a></p>{% endif %}
</html>
"#
)]
pub(super) struct End<'a> {
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    pub(super) again: bool,
}
