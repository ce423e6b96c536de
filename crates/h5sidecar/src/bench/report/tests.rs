use super::*;

fn report() -> Report {
    let ok = Measured {
        seconds: Spread::of(&[30.0, 10.0, 20.0]),
        output_bytes: Some(5_218_227),
        requests: Some(1_526),
        checked: "5 chunks | read back".to_owned(),
        ..Measured::default()
    };
    let fast = Measured { seconds: Spread::of(&[0.05]), ..ok.clone() };
    let rows = vec![
        Row::new("original", "the first", Outcome::Ok(ok)),
        Row::new("sidecar", "a fast one", Outcome::Ok(fast)),
        Row::new("bad", "wrong", Outcome::Failed { reason: "3 faults,\n\"so\"".to_owned() }),
        Row::new("none", "missing", Outcome::NotRun { reason: "no tool".to_owned() }),
    ];
    let tables = vec![Table { title: "T".to_owned(), rows }];
    let machine = Machine::this(vec!["here".to_owned()]);
    let [title, command, date] = ["A test", "cargo test", "now"].map(str::to_owned);
    Report { title, command, date, machine, notes: vec!["a note".to_owned()], tables }
}

#[test]
fn the_middle_of_several_runs() {
    let spread = |seconds: &[f64]| Spread::of(seconds);
    assert_eq!(spread(&[3.0, 1.0, 2.0]), Spread { median: 2.0, min: 1.0, max: 3.0, runs: 3 });
    assert_eq!(spread(&[3.0, 1.0]), Spread { median: 1.0, min: 1.0, max: 3.0, runs: 2 });
    assert_eq!(spread(&[]).runs, 0);
}

#[test]
fn failures_and_absences_have_no_numbers() {
    let markdown = report().markdown();
    let row = |what: &str| markdown.lines().find(|line| line.contains(what)).unwrap().to_owned();
    assert!(row("the first").contains("20.0 (10.0 to 30.0)"), "{markdown}");
    assert!(row("the first").contains("5 chunks \\| read back"), "{markdown}");
    assert!(row("a fast one").contains(" 400x |"), "{markdown}");
    assert!(row("wrong").ends_with("| failed: 3 faults, \"so\" |"), "{markdown}");
    assert!(row("missing").ends_with("| not run: no tool |"), "{markdown}");
    for what in ["wrong", "missing"] {
        assert!(!row(what).split(':').next().unwrap().contains(char::is_numeric), "{markdown}");
    }
}

#[test]
fn values_for_spreadsheets() {
    let csv = report().csv();
    // The reason of the third row has a line break in it.
    assert!(csv.contains("T,bad,wrong,failed,,,,,,,,,,\"3 faults,\n\"\"so\"\"\"\n"), "{csv}");
    assert!(csv.contains("T,sidecar,a fast one,ok,0.05,0.05,0.05,1,5218227,1526,,,,"), "{csv}");
    let columns = |line: &str| line.split(',').count();
    let mut lines = csv.lines();
    let first = columns(lines.next().unwrap());
    assert_eq!(lines.next().map(columns), Some(first));
}

#[test]
fn documents_and_pictures() {
    let report = report();
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["tables"][0]["rows"][1]["outcome"]["status"], "ok");
    assert_eq!(json["tables"][0]["rows"][3]["outcome"]["reason"], "no tool");
    let svg = report.svg().unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("a fast one") && svg.contains("20.00"));
    assert!(!svg.contains("missing"));
    assert_eq!(report.row("sidecar").unwrap().seconds(), Some(0.05));
    assert_eq!(report.row("none").unwrap().seconds(), None);
}

/// What another program says last, of the file that it was given.
#[test]
fn reasons_have_no_secrets() {
    let said = "FileNotFoundError: 'https://me:c4n4ry@host/a.h5?X-Amz-Signature=c4n4ry'";
    for outcome in
        [Outcome::Failed { reason: said.to_owned() }, Outcome::NotRun { reason: said.to_owned() }]
    {
        let mut report = report();
        report.tables[0].rows.push(Row::new("kerchunk", "kerchunk", outcome));
        for form in [report.json(), report.csv(), report.markdown()] {
            assert!(!form.contains("c4n4ry") && form.contains("'https://host/a.h5'"), "{form}");
        }
    }
}

/// Wherever a name can be: of the file in the title, of an object in a reason.
#[test]
fn no_form_does_anything_to_a_terminal() {
    let hostile = "\u{1b}]0;x\u{7}\n\r\u{7f}\u{9b}2J\u{202e}";
    let mut report = report();
    let texts = [&mut report.title, &mut report.command, &mut report.notes[0]];
    for text in texts.into_iter().chain(&mut report.machine.store) {
        *text = hostile.to_owned();
    }
    let failed = Outcome::Failed { reason: hostile.to_owned() };
    report.tables[0].title = hostile.to_owned();
    report.tables[0].rows.push(Row::new("bad", hostile, failed));
    for form in [report.json(), report.csv(), report.markdown(), report.svg().unwrap()] {
        let obeyed = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!form.contains(obeyed), "{form:?}");
    }
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["title"], hostile);
}
