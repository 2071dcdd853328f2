//! A short insurance list in other languages. Unmeasured: the labelled data is nearly all English.

use super::Translation;

pub(super) const TRANSLATIONS: &[Translation] = &[
    // Chinese, Japanese, Korean
    Translation {
        concept: "vulnerability_word",
        patterns: &[
            "漏洞",
            "安全问题",
            "安全隐患",
            "安全缺陷",
            "脆弱性",
            "セキュリティホール",
            "セキュリティ上の問題",
            "취약점",
            "보안 문제",
        ],
    },
    Translation {
        concept: "found_vulnerability",
        patterns: &[
            "(?:存在|发现|發現)[^ ]{0,60}(?:漏洞|注入)",
            "脆弱性を(?:発見|見つけ)",
            "脆弱性があ",
            "취약점을 발견",
        ],
    },
    Translation {
        concept: "sql_injection",
        patterns: &["sql ?注入", "注入漏洞", "sqlインジェクション", "sql ?인젝션"],
    },
    Translation {
        concept: "xss",
        patterns: &["跨站脚本", "跨站腳本", "クロスサイトスクリプティング", "크로스 ?사이트 ?스크립팅"],
    },
    Translation {
        concept: "csrf", patterns: &["跨站请求伪造", "クロスサイトリクエストフォージェリ"]
    },
    Translation { concept: "ssrf", patterns: &["服务端请求伪造", "服务器端请求伪造"] },
    Translation {
        concept: "path_traversal",
        patterns: &[
            "目录遍历",
            "路径遍历",
            "目录穿越",
            "路径穿越",
            "任意文件(?:读取|下载|删除|写入|包含)",
            "ディレクトリトラバーサル",
            "パストラバーサル",
            "경로 ?탐색",
        ],
    },
    Translation {
        concept: "file_upload", patterns: &["任意文件上传", "上传漏洞", "任意のファイルをアップロード"]
    },
    Translation {
        concept: "code_execution",
        patterns: &[
            "(?:远程|任意)(?:代码|命令)执行",
            "命令执行",
            "代码执行",
            "任意のコード",
            "リモートコード実行",
            "원격 ?코드 ?실행",
            "getshell",
        ],
    },
    Translation {
        concept: "command_injection",
        patterns: &["命令注入", "コマンドインジェクション", "명령어? ?(?:삽입|주입)"],
    },
    Translation { concept: "deserialisation", patterns: &["反序列化"] },
    Translation {
        concept: "auth_bypass",
        patterns: &[
            "绕过(?:认证|登录|权限|鉴权|验证)",
            "(?:认证|登录|权限|鉴权|身份验证)绕过",
            "認証(?:を)?(?:回避|バイパス)",
            "인증 ?우회",
        ],
    },
    Translation {
        concept: "missing_authorisation",
        patterns: &[
            "未授权(?:访问)?",
            "越权",
            "没有(?:权限|鉴权)",
            "无需登录",
            "未鉴权",
            "認証なしで",
            "権限(?:チェック)?がな",
            "권한 ?없이",
        ],
    },
    Translation {
        concept: "information_disclosure",
        patterns: &["信息泄露", "信息泄漏", "敏感信息", "数据泄露", "情報漏(?:えい|洩|れ)", "정보 ?(?:유출|노출)"],
    },
    Translation {
        concept: "privilege_escalation", patterns: &["提权", "权限提升", "権限昇格", "권한 ?상승"]
    },
    Translation {
        concept: "secret_in_clear",
        patterns: &["明文(?:存储|密码|保存|传输)", "密码明文", "平文で(?:保存|表示)", "평문"],
    },
    Translation { concept: "attacker", patterns: &["攻击者", "黑客", "攻撃者", "공격자"] },
    Translation {
        concept: "attacker_can",
        patterns: &["攻击者(?:可以|可|能够|能)", "攻撃者(?:が|は)", "공격자(?:가|는)"],
    },
    Translation {
        concept: "exploit_word", patterns: &["漏洞利用", "利用漏洞", "利用该漏洞", "悪用", "악용"]
    },
    Translation {
        concept: "proof_of_concept", patterns: &["漏洞(?:复现|证明|验证)", "复现漏洞", "概念实証"]
    },
    Translation {
        concept: "private_channel_wanted",
        patterns: &[
            "(?:私下|私密|非公开)(?:报告|联系|提交|反馈|渠道)",
            "安全(?:联系|邮箱)",
            "非公開で(?:報告|連絡)",
            "비공개로",
        ],
    },
    Translation {
        concept: "how_to_report",
        patterns: &[
            "如何(?:报告|提交|上报)[^ ]{0,30}(?:漏洞|安全)",
            "(?:漏洞|安全)[^ ]{0,30}(?:怎么|如何)(?:报告|提交|联系)",
            "脆弱性[^ ]{0,40}報告",
            "취약점[^ ]{0,6} ?[^ ]{0,20} ?(?:제보|신고)",
        ],
    },
    Translation {
        concept: "wish",
        patterns: &[
            "希望(?:能|可以|增加|支持)",
            "建议(?:增加|支持)",
            "能否(?:支持|增加)",
            "してほしい",
            "対応してください",
            "추가해",
        ],
    },
    Translation { concept: "dependency_bump", patterns: &["升级(?:版本|依赖)?", "依赖(?:升级|更新)"] },
    Translation {
        concept: "dependency_vulnerable",
        patterns: &["(?:漏洞|有漏洞)[^ ]{0,40}依赖", "依赖[^ ]{0,40}漏洞", "依存[^ ]{0,40}脆弱性"],
    },
    Translation {
        concept: "login_trouble",
        patterns: &["(?:无法|不能)登录", "登录(?:失败|框|页)", "ログインできない", "로그인(?:이)? ?안"],
    },
    Translation {
        concept: "antivirus_alarm", patterns: &["(?:杀毒|病毒|木马|报毒)", "ウイルス(?:対策|検出)"]
    },
    Translation {
        concept: "outsider_can",
        patterns: &["(?:任何人|任意用户|任何用户)(?:都|可|能)", "誰でも", "누구나"],
    },
    // Russian
    Translation {
        concept: "vulnerability_word",
        patterns: &["уязвимост", "проблем(?:а|ы|у) безопасности", "дыр(?:а|у|ы) в безопасности"],
    },
    Translation {
        concept: "found_vulnerability",
        patterns: &["(?:нашел|нашёл|нашла|обнаружил|обнаружена|найдена)[^.]{0,40}уязвимост"],
    },
    Translation { concept: "sql_injection", patterns: &["sql.?инъекци", "внедрени[^ ]{1,4} sql"] },
    Translation { concept: "xss", patterns: &["межсайтов"] },
    Translation {
        concept: "code_execution",
        patterns: &["выполнени[^ ]{1,4} (?:произвольного |удал[^ ]{1,12} )?кода", "произвольн[^ ]{1,8} код"],
    },
    Translation {
        concept: "path_traversal",
        patterns: &["обход (?:каталог|директори|пут)", "произвольн[^ ]{1,8} файл"],
    },
    Translation {
        concept: "auth_bypass", patterns: &["обход (?:авторизаци|аутентификаци|провер)"]
    },
    Translation {
        concept: "missing_authorisation",
        patterns: &["без (?:авторизации|аутентификации|пароля)", "любой пользователь"],
    },
    Translation {
        concept: "information_disclosure",
        patterns: &["утечк[^ ]{1,4} (?:данных|информации|пароля)", "раскрыти[^ ]{1,4} информации"],
    },
    Translation { concept: "attacker", patterns: &["злоумышленник", "атакующ", "хакер"] },
    Translation {
        concept: "attacker_can", patterns: &["злоумышленник[^ ]{0,6} (?:может|сможет|мож)"]
    },
    Translation { concept: "exploit_word", patterns: &["эксплойт", "эксплуатац"] },
    Translation {
        concept: "private_channel_wanted",
        patterns: &[
            "(?:приватно|лично|конфиденциально)[^.]{0,30}(?:сообщить|связаться)",
            "(?:сообщить|связаться)[^.]{0,30}(?:приватно|лично|конфиденциально)",
        ],
    },
    Translation {
        concept: "how_to_report",
        patterns: &["(?:как|куда|кому)[^.]{0,40}(?:сообщить|отправить|написать)[^.]{0,60}(?:уязвимост|безопасност)"],
    },
    Translation {
        concept: "wish", patterns: &["(?:добавьте|добавить поддержку|хотелось бы|предлагаю)"]
    },
    Translation {
        concept: "outsider_can",
        patterns: &["люб(?:ой|ому) (?:пользовател[^ ]{1,4}|человек[^ ]{0,4}) (?:может|можно)"],
    },
    // Spanish, Portuguese
    Translation {
        concept: "vulnerability_word",
        patterns: &[
            "vulnerabilidad(?:es)?",
            "vulnerabilidade",
            "(?:fallo|agujero|brecha|problema|falla|falha) de seguran",
            "(?:fallo|agujero|brecha|problema|falla) de seguridad",
        ],
    },
    Translation {
        concept: "found_vulnerability",
        patterns: &[
            "(?:he encontrado|encontr(?:e|é)|hay|existe|encontrei|descubr(?:i|í)|descobri) (?:una?|uma) ~1 (?:vulnerabilidad|falha|fallo)",
            r"vulnerable a\b",
        ],
    },
    Translation { concept: "sql_injection", patterns: &["(?:inyecci.{1,2}n|inje.{2,4}o) (?:de )?sql"] },
    Translation {
        concept: "code_execution",
        patterns: &[
            "ejecuci.{1,2}n (?:remota )?de (?:c.{1,2}digo|comandos)",
            "execu.{2,4}o (?:remota )?de (?:c.{1,2}digo|comandos)",
            "c.{1,2}digo arbitrario",
            "c.{1,2}digo arbitr.{1,2}rio",
        ],
    },
    Translation {
        concept: "missing_authorisation",
        patterns: &[
            "sin (?:autenticaci|autorizaci|permiso|iniciar sesi)",
            "sem (?:autentica|autoriza|permiss|login)",
            "(?:cualquier|qualquer) (?:usuario|usu.{1,2}rio|persona|pessoa)",
        ],
    },
    Translation {
        concept: "secret_in_clear",
        patterns: &["(?:contrase.{1,2}as?|senhas?) (?:en|em) texto (?:plano|claro|puro)"],
    },
    Translation { concept: "attacker", patterns: &["atacantes?", "invasor"] },
    Translation { concept: "attacker_can", patterns: &["atacante(?:s)? (?:puede|podr|pode|poderia)[a-z]*"] },
    Translation {
        concept: "private_channel_wanted",
        patterns: &["(?:de forma|em|en) privad[oa]", "contacto de seguridad", "contato de seguran"],
    },
    Translation {
        concept: "how_to_report",
        patterns: &[
            "(?:c.{1,2}mo|d.{1,2}nde|onde|como) (?:puedo |posso |se puede )?(?:reportar|informar|relatar)[^.]{0,60}(?:vulnerab|seguri|seguran)",
        ],
    },
    Translation {
        concept: "hardening_word",
        patterns: &["mejoras? de seguridad", "melhorias? de seguran", "buenas pr.{1,2}cticas", "boas pr.{1,2}ticas"],
    },
    Translation {
        concept: "wish",
        patterns: &[
            "(?:ser.{1,2}a|seria) (?:bueno|bom|genial|legal)",
            "(?:agregar|a.{1,2}adir|adicionar|implementar) ",
        ],
    },
    Translation {
        concept: "outsider_can",
        patterns: &["(?:cualquier|qualquer) [^ ]{1,12} (?:puede|pode|poderia|podr)"],
    },
    // German, French
    Translation {
        concept: "vulnerability_word",
        patterns: &[
            "sicherheitsl.{1,2}cken?",
            "schwachstellen?",
            "sicherheitsproblem",
            "faille(?:s)?(?: de s.curit.)?",
            "vuln.{1,2}rabilit.{1,2}s?",
            "probl.{1,2}me de s.{1,2}curit",
        ],
    },
    Translation {
        concept: "found_vulnerability",
        patterns: &[
            "(?:habe|haben) (?:eine|mehrere) ~1 (?:sicherheitsl|schwachstelle)",
            "(?:j'ai|nous avons) (?:trouv|d.{1,2}couvert)[^.]{0,40}(?:faille|vuln)",
            "vuln.{1,2}rable (?:aux?|.{1,2}) ",
        ],
    },
    Translation { concept: "sql_injection", patterns: &["injection sql", "sql-injektion"] },
    Translation {
        concept: "code_execution",
        patterns: &[
            "(?:beliebigen?|fremden?) code",
            "schadcode",
            "ex.{1,2}cution (?:de code|de commande|.{1,2} distance)",
            "code arbitraire",
        ],
    },
    Translation {
        concept: "missing_authorisation",
        patterns: &[
            "ohne (?:anmeldung|authentifizierung|berechtigung|login|passwort)",
            "jeder (?:benutzer|nutzer)",
            "sans (?:authentification|autorisation|connexion|mot de passe)",
            "n'importe (?:qui|quel utilisateur)",
            "tout utilisateur",
        ],
    },
    Translation {
        concept: "secret_in_clear",
        patterns: &[
            "(?:passw.{1,2}rt(?:er)?|kennw.{1,2}rt(?:er)?)[^.]{0,30}klartext",
            "mots? de passe[^.]{0,30}en clair",
        ],
    },
    Translation {
        concept: "outsider_can",
        patterns: &[
            "jeder(?: [^ ]{1,14})? kann",
            "n'importe (?:qui|quel(?:le)? [^ ]{1,14}) (?:peut|pourrait)",
            "tout utilisateur peut",
        ],
    },
    Translation { concept: "attacker", patterns: &["angreifer", "attaquant", "pirate"] },
    Translation {
        concept: "attacker_can",
        patterns: &["angreifer (?:kann|k.{1,2}nnte|k.{1,2}nnen)", "attaquants? (?:peut|peuvent|pourrait|pourraient)"],
    },
    Translation {
        concept: "private_channel_wanted",
        patterns: &[
            "(?:vertraulich|privat) (?:melden|kontakt)",
            "(?:en|de mani.{1,2}re) priv.{1,2}",
            "contact de s.{1,2}curit",
            "sicherheitskontakt",
        ],
    },
    Translation {
        concept: "how_to_report",
        patterns: &[
            "(?:wie|wo|wem) (?:kann|soll|melde)[^.]{0,60}(?:sicherheits|schwachstelle)",
            "(?:comment|o.{1,2}) (?:puis-je |peut-on )?(?:signaler|rapporter)[^.]{0,60}(?:faille|vuln|s.{1,2}curit)",
        ],
    },
    Translation {
        concept: "wish",
        patterns: &[
            "(?:w.{1,2}re|w.{1,2}rde) (?:es )?(?:sch.{1,2}n|gut|toll)",
            "bitte (?:hinzuf|unterst|einbau)",
            "(?:serait|ce serait) (?:bien|bon|utile)",
        ],
    },
];
