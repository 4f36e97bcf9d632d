use super::*;

fn refused(settings: Settings) -> String {
    Config::check(settings).expect_err("it should be refused").to_string()
}

#[test]
fn nothing_written_is_one_machine_on_loopback() {
    let config = Config::check(Settings::default()).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
    let data_dir = config.data_dir.unwrap();
    assert!(data_dir.is_absolute() && data_dir.ends_with("data"));
    assert!(config.database_url.expose().starts_with("sqlite:///"));
    assert!(config.database_url.expose().ends_with("/data/keystead.db"));
    assert_eq!(config.root_key, RootKeyFile::Own(data_dir.join("root.key")));
    assert!(!config.allow_http && config.public_url.is_none());
}

#[test]
fn each_wrong_value_is_one_line_that_names_its_setting() {
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (Settings { listen: text("3000"), ..Settings::default() }, "KEYSTEAD_LISTEN"),
        (Settings { data_dir: Some(PathBuf::new()), ..Settings::default() }, "KEYSTEAD_DATA_DIR"),
        (Settings { public_url: text("keys.example.com"), ..Settings::default() }, "KEYSTEAD_PUBLIC_URL"),
        (Settings { trusted_proxies: text("10.0.0.1/8"), ..Settings::default() }, "KEYSTEAD_TRUSTED_PROXIES"),
        (Settings { webhook_networks: text("0.0.0.0/0"), ..Settings::default() }, "KEYSTEAD_WEBHOOK_NETWORKS"),
        (Settings { metrics_listen: text("9090"), ..Settings::default() }, "KEYSTEAD_METRICS_LISTEN"),
        (Settings { metrics_listen: text("[::]:3000"), ..Settings::default() }, "KEYSTEAD_METRICS_LISTEN"),
        (Settings { log: text("inof"), ..Settings::default() }, "KEYSTEAD_LOG"),
        (Settings { log_format: text("xml"), ..Settings::default() }, "KEYSTEAD_LOG_FORMAT"),
    ];
    for (settings, variable) in cases {
        let line = refused(settings);
        assert!(line.contains(variable) && !line.contains('\n'), "{line}");
    }
}

#[test]
fn limits_are_counted_without_the_database_only_where_that_is_set() {
    let is_local = |text: Option<&str>| {
        let settings = Settings { limits_while_away: text.map(str::to_owned), ..Settings::default() };
        Config::check(settings).unwrap().limits_local
    };
    assert!(is_local(Some("local")) && !is_local(Some("refuse")) && !is_local(None));
}

#[test]
fn a_database_password_is_never_shown() {
    let url: DatabaseUrl = "mysql://keystead:hunter2@db/keystead".parse().unwrap();
    let settings = Settings { database_url: Some(url), ..Settings::default() };
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert!(!refused(settings).contains("hunter2"));
}

#[test]
fn the_port_of_a_database_is_known() {
    let port = |url: &str| url.parse::<DatabaseUrl>().unwrap().port();
    assert_eq!(port("sqlite:///var/lib/keystead.db"), None);
    assert_eq!(port("postgres://u:p@db.example.com/k"), Some(5432));
    assert_eq!(port("postgresql://u:p%40@[::1]:6543/k?sslmode=require"), Some(6543));
    assert_eq!(port("postgres://db:7/k?host=/run&port=8"), Some(8));
    assert_eq!(port("postgres://db?port=9"), Some(9));
    assert_eq!(port("postgres://[::1]/k"), Some(5432));
}

#[test]
fn misspelt_variables_are_told_from_those_of_others() {
    let refused = |names: &[&str]| refuse_unknown(names.iter().map(|name| (*name).to_owned())).err();
    let others = ["KEYSTEAD_LOG", "KEYSTEAD_PORT_3000_TCP", "KEYSTEAD_SERVICE_HOST", "KEYSTEAD_KEY", "PATH"];
    assert_eq!(refused(&others), None);
    for (name, nearest) in [
        ("KEYSTEAD_LISTN", "KEYSTEAD_LISTEN"),
        ("KEYSTEAD_DATABASE", "KEYSTEAD_DATABASE_URL"),
        ("KEYSTEAD_ROOT_KEY", "KEYSTEAD_ROOT_KEY_FILE"),
    ] {
        let expected = UnknownVariable { name: name.to_owned(), nearest: nearest.to_owned() };
        assert_eq!(refused(&[&others[..], &[name]].concat()), Some(expected));
    }
}
