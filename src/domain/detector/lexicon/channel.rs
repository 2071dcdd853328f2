//! Looking for a private channel.

use super::Concept;

pub(super) const CONCEPTS: &[Concept] = &[
    Concept {
        name: "private_channel_wanted",
        says: "asks for a private channel",
        patterns: &[
            "private (?:reporting |disclosure |communication |contact |security |vulnerability |vulnerabilities |report |email |messag)+",
            "(?:report|disclos|share|send|submit|discuss|contact|communicat|reach)[a-z]* (?:it |this |them |these |you |details? |the |a |an |potential |security |issues? |vuln[a-z]* |my |findings? |with |to |maintainers? |in )*(?:privately|in private|confidentially|securely|responsibly)",
            "privately (?:report|disclos|share|send|contact|discuss)[a-z]*",
            "enabl[a-z]* (?:the |github'?s? |this )*(?:private|pvr|security advisor|security report)[a-z ]*",
            r"pvr\b",
            "(?:private|secure|alternate|confidential|preferred|right|correct|proper|appropriate) (?:reporting |private |disclosure |communication |security )*(?:channel|way|method|contact|place|venue|process|procedure|e-?mail) && (?:secur|vuln|report|disclos|private)[a-z]*",
            "security (?:contact|point of contact|e-?mail|mail|team contact|mailing list)[a-z]*",
            "(?:point of contact|email address|pgp key|gpg key|contact (?:info|information|details|person|address)) && (?:secur|vuln|disclos|private|report)[a-z]*",
        ],
    },
    Concept {
        name: "how_to_report",
        says: "asks how or where to report a security problem",
        patterns: &[
            r"(?:how|where|what|whom|who|which)\b && (?:report|disclos|submit|contact|send|protocol|proper way|procedure)[a-z]* && (?:secur|vuln|exploit)[a-z]*",
            "(?:would|'d) like to (?:report|disclose|share|submit) && (?:secur|vuln|exploit|finding)[a-z]*",
            "(?:want|wish|hope|trying|tried|need|looking|like) ~2 (?:report|disclos|submit|get in touch|contact|reach)[a-z]* && (?:secur|vuln|exploit|private)[a-z]*",
            "what (?:do|should|to) && (?:found|find|discover)[a-z]* && (?:secur|vuln)[a-z]*",
            "security (?:issue|vuln|report|finding)[a-z]* ~2 (?:contact|whom)",
            "(?:open|enable|turn on|activate) private ~2 report[a-z]*",
            "(?:coordinated|responsible) (?:vulnerability )?disclos[a-z]*",
            "disclos[a-z]* responsibly",
            "contact (?:me|us) && (?:secur|vuln|detail|private)[a-z]*",
        ],
    },
    Concept {
        name: "withholds_details",
        says: "keeps the details back",
        patterns: &[
            "(?:not|[a-z]*n't|rather not|without|prefer not|avoid|instead of|reluctant|deliberately not)(?: to| want to| wish to| be| going to| comfortable| like to)* (?:post|shar|disclos|discuss|describ|publish|includ|reveal|detail|writ|say|go)[a-z]* && (?:public|here|open|detail|sensitive|issue|anything|finding|poc)[a-z]*",
            "(?:before|prior to) (?:any )?(?:public|full) disclosure",
            "(?:details?|poc|report|write.?up|proof) (?:is |are |will |can |to |available |withheld |follow |be |shared |sent )*(?:privately|by e-?mail|in private|on request|once|withheld|ready)",
            "(?:undisclosed|unreported) (?:security|vuln)[a-z]*",
            "don'?t want to (?:make|post|put|open|share|disclose)",
            "(?:not|[a-z]*n't) (?:a )?public (?:issue|github|thread|ticket)",
            "public (?:issue|github issue|thread|tracker) && (?:rather|not|[a-z]*n't|avoid|instead|sensitive)",
        ],
    },
    Concept {
        name: "no_security_policy",
        says: "finds no security policy or contact",
        patterns: &[
            r"(?:no|not (?:find|see|have)|[a-z]*n't (?:find|see|have|seem to have)|without|neither|lacks?|missing|absence of|any) (?:an? |any |the |your |have )*(?:public |documented |working |`)*(?:security\.(?:md|txt)|security (?:policy|contact|e-?mail|advisor)|private (?:vuln|report|channel|way|contact)|vulnerability (?:report|disclos)|pvr)[a-z]*",
            r"(?:private (?:vulnerability )?reporting|pvr)\b && (?:not|[a-z]*n't|disabled|unavailable|off|lacks?|no )",
        ],
    },
    Concept {
        name: "address_bounces",
        says: "says that the security address bounces or stays silent",
        patterns: &[
            r"(?:e-?mails?|address|mail|contact|message|security@[a-z.-]+)\b && (?:bounc|address not found|undeliver|not delivered|could ?n.t be delivered|delivery (?:fail|loop)|rejected|no longer (?:valid|works)|not working|doesn't work|does not exist|unreachable|550)[a-z ]*",
            "security (?:e-?mail|contact|address|mailbox) ~2 (?:not working|broken|bounc|fail|invalid|dead|down|full)[a-z]*",
            "(?:security contact|contact) && (?:bounc|unreachable|dead|invalid)[a-z]*",
        ],
    },
    Concept {
        name: "report_pending",
        says: "asks about a report made before",
        patterns: &[
            r"(?:time ?line|status|update|progress|pending)\b && (?:report(?:ed)?|disclos)[a-z]* && (?:secur|vuln|issue)[a-z]*",
            "security (?:time ?line|report status)",
        ],
    },
    Concept {
        name: "no_answer",
        says: "reported before and got no answer",
        patterns: &[
            "(?:no|without|any|not (?:received|gotten|had|heard)|[a-z]*n't (?:received|gotten|had|heard|get)|never (?:received|got|heard)|pending|awaiting|await) (?:an? |any |your |further |back |a )*(?:response|reply|answer|acknowledg|feedback|back)[a-z]* && (?:secur|vuln|report|e-?mail|mail|disclos|sent|contact)[a-z]*",
            r"(?:emailed|mailed|e-mailed|wrote|sent (?:an? )?e?-?mail|reached out|tried to (?:contact|reach))\b && (?:secur|vuln|days|weeks|month|no |[a-z]*n't|ago|maintainer|team|response|report)",
        ],
    },
    Concept {
        name: "security_address",
        says: "names a security address or policy file",
        patterns: &["security@", r"security\.(?:md|txt)", r"security (?:policy|advisor(?:y|ies))\b"],
    },
];
