//! Upgrade: results are read in this schema, and in the one before, whose words were others.

use serde_json::{Map, Value};
use wac_core::text_file::{NotText, decode};

use super::{Run, SCHEMA};

/// The oldest schema that can be read.
const OLDEST: u64 = 3;

/// A file is no result that can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    NotText(#[from] NotText),
    #[error("it is no result of a run: {0}")]
    NotARun(#[from] serde_json::Error),
    #[error(
        "it has schema {0}, wanted {OLDEST} or {SCHEMA}: made by another version; run it again"
    )]
    Schema(u64),
}

/// The keys of schema 3, and what they are now.
const RENAMED: [(&str, &str); 8] = [
    ("owed", "expected"),
    ("in", "received"),
    ("grey", "indeterminate"),
    ("doubled", "duplicated"),
    ("swapped", "reordered"),
    ("spread", "skew"),
    ("promise", "objective"),
    ("rogues", "bad_clients"),
];

/// Reads a `run.json`.
///
/// # Errors
/// That it is none, or one of a schema that is not known.
pub(crate) fn read(json: &[u8]) -> Result<Run, ReadError> {
    let value: Value = serde_json::from_str(decode(json)?)?;
    let schema = value.get("schema").and_then(Value::as_u64).unwrap_or(0);
    if schema == u64::from(SCHEMA) {
        return Ok(serde_json::from_value(value)?);
    }
    if schema != OLDEST {
        return Err(ReadError::Schema(schema));
    }
    let mut run: Run = serde_json::from_value(renamed(value))?;
    run.schema = SCHEMA;
    // Of the workload as it is written now, so that old runs compare with new ones.
    run.hashes.workload = format!("{:016x}", run.workload.hash());
    for slo in &mut run.slo {
        slo.objective = slo.objective.replace("spread.", "skew.");
    }
    Ok(run)
}

fn renamed(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(renamed).collect()),
        other => other,
    }
}

fn field((key, value): (String, Value)) -> (String, Value) {
    let now = RENAMED.iter().find(|(before, _)| *before == key);
    (
        now.map_or(key, |(_, now)| (*now).to_owned()),
        renamed(value),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample::sample;

    /// The sample as schema 3 had it.
    fn old() -> Value {
        let mut text = serde_json::to_string(&sample(7)).unwrap();
        for (before, now) in RENAMED {
            text = text.replace(&format!("\"{now}\":"), &format!("\"{before}\":"));
        }
        let mut value: Value = serde_json::from_str(&text).unwrap();
        value["schema"] = 3.into();
        value["unlucky"] = Value::Null;
        value
    }

    #[test]
    fn a_result_of_the_schema_before_is_read_with_its_figures() {
        let read = read(old().to_string().as_bytes()).unwrap();
        let mut wanted = sample(7);
        wanted.hashes.workload.clone_from(&read.hashes.workload);
        assert_eq!(read, wanted);
    }

    #[test]
    fn other_schemas_and_other_files_are_refused() {
        let refused = |json: &str| read(json.as_bytes()).unwrap_err().to_string();
        assert!(refused("{\"schema\": 2}").contains("schema 2, wanted 3 or 4"));
        assert!(refused("{").contains("no result of a run"));
        assert!(refused("{\"schema\": 4}").contains("no result of a run"));
        let latin1 = read(b"{\n\xe9}").unwrap_err().to_string();
        assert!(
            latin1.starts_with("line 2, byte 1 is not UTF-8"),
            "{latin1}"
        );
    }

    #[test]
    fn a_result_that_an_editor_has_marked_is_read() {
        let json = serde_json::to_string(&sample(7)).unwrap();
        assert_eq!(
            read(format!("\u{feff}{json}").as_bytes()).unwrap(),
            sample(7)
        );
    }
}
