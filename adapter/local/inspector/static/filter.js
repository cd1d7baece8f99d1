// What is typed into the filter, as a test of a row. Words are joined by "and".
//
//   orders        path or method has it        status:5xx  status:404  status:2xx,3xx
//   -static       path has it not              method:POST
//   kind:invoke   function:shop                is:cold  is:refused  is:open

const FIELDS = {
  status: (row, value) => statusIs(row.status, value),
  method: (row, value) => row.method.toLowerCase() === value,
  kind: (row, value) => row.kind.startsWith(value),
  function: (row, value) => row.function.toLowerCase().includes(value),
  path: (row, value) => row.path.toLowerCase().includes(value),
  is: (row, value) => (STATES[value] ?? (() => false))(row),
};

const STATES = {
  cold: (row) => row.init !== null,
  refused: (row) => row.refused,
  open: (row) => !row.over,
};

function statusIs(status, pattern) {
  if (status === null) return false;
  const digits = String(status);
  return pattern.length <= 3
    && [...pattern].every((digit, at) => digit === "x" || digit === digits[at]);
}

function wordTest(word) {
  if (word.length > 1 && word.startsWith("-")) {
    const test = wordTest(word.slice(1));
    return (row) => !test(row);
  }
  const colon = word.indexOf(":");
  const field = colon > 0 ? FIELDS[word.slice(0, colon)] : undefined;
  if (field) {
    const values = word.slice(colon + 1).split(",").filter(Boolean);
    return (row) => !values.length || values.some((value) => field(row, value));
  }
  return (row) => `${row.method} ${row.path}`.toLowerCase().includes(word);
}

export function filterOf(text) {
  const tests = text.toLowerCase().split(/\s+/).filter(Boolean).map(wordTest);
  return (row) => tests.every((test) => test(row));
}
