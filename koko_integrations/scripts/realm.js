// What surrounds a user's function inside the engine. `make` answers a new copy of the function; what this evaluates to
// takes the arguments as a JSON text and answers a line: "=" and the result as JSON, "-" for no result, or a reason as
// JSON after "!" for what was thrown, after "~" for an answer that is none, after "?" where there is no function.
// With `hardened` nothing in the realm can be changed by the function, so that it may serve one call after the other.
(hardened, mostChars, mostDepth) => {
  const {parse, stringify} = JSON;
  const {isArray} = Array;
  const {keys, getPrototypeOf, getOwnPropertyDescriptor, freeze} = Object;
  const {ownKeys, apply} = Reflect;
  const {isFinite} = Number;
  const objects = Object.prototype;
  const {getTime, toISOString} = Date.prototype;
  const {slice} = String.prototype;
  const String_ = String;
  const WeakSet_ = WeakSet;

  if (hardened) {
    // What would outlive a call: code in the global scope, settings of the engine, jobs, and references that die.
    for (const name of ["eval", "Promise", "queueMicrotask", "WeakRef", "FinalizationRegistry"]) delete globalThis[name];
    delete Error.prepareStackTrace;
    delete Error.stackTraceLimit;
    const seen = new WeakSet_();
    const left = [globalThis, function* () {}, async () => {}, async function* () {}, [][Symbol.iterator](),
      ""[Symbol.iterator](), new Map()[Symbol.iterator](), new Set()[Symbol.iterator](), /./g[Symbol.matchAll](""),
      (function* () {})(), (async function* () {})()];
    while (left.length) {
      const one = left.pop();
      if ((typeof one !== "object" && typeof one !== "function") || one === null || seen.has(one)) continue;
      seen.add(one);
      freeze(one);
      left.push(getPrototypeOf(one));
      for (const key of ownKeys(one)) {
        const {value, get, set} = getOwnPropertyDescriptor(one, key);
        left.push(value, get, set);
      }
    }
  }

  const refuse = (why) => { throw {__proto__: null, refused: why}; };

  const isDate = (value) => {
    try { apply(getTime, value, []); return true; } catch { return false; }
  };

  // By hand: what the function left behind in toJSON has no say here.
  const encode = (value, depth) => {
    switch (typeof value) {
      case "string": return stringify(value);
      case "boolean": return value ? "true" : "false";
      case "number": return isFinite(value) ? String_(value) : refuse(`${String_(value)}, which is no JSON value`);
      case "undefined": return undefined;
      case "object": break;
      default: return refuse(`a ${typeof value}, which is no JSON value`);
    }
    if (value === null) return "null";
    if (depth >= mostDepth) return refuse(`more than ${mostDepth} levels, or something that contains itself`);
    let said = "";
    const add = (part) => {
      said += part;
      if (said.length > mostChars) refuse(`more than ${mostChars} characters`);
    };
    if (isArray(value)) {
      const length = value.length;
      for (let place = 0; place < length; place++) add((place ? "," : "") + (encode(value[place], depth + 1) ?? "null"));
      return `[${said}]`;
    }
    if (isDate(value)) {
      return isFinite(apply(getTime, value, [])) ? stringify(apply(toISOString, value, [])) : refuse("an invalid Date");
    }
    if (typeof value.then === "function") return refuse("a promise: answer at once, without async");
    const parent = getPrototypeOf(value);
    if (parent !== null && parent !== objects) return refuse("something that is neither a plain object nor an array");
    const names = keys(value);
    for (let place = 0; place < names.length; place++) {
      const inner = encode(value[names[place]], depth + 1);
      if (inner !== undefined) add(`${said ? "," : ""}${stringify(names[place])}:${inner}`);
    }
    return `{${said}}`;
  };

  const describe = (problem) => {
    try {
      if (problem !== null && typeof problem === "object") {
        if (typeof problem.refused === "string" && getPrototypeOf(problem) === null) return `~${stringify(problem.refused)}`;
        const {name, message} = problem;
        if (typeof message !== "string" || typeof name !== "string") return '!"something that is no Error"';
        return `!${stringify(apply(slice, `${name}: ${message}`, [0, 300]))}`;
      }
      return `!${stringify(apply(slice, String_(problem), [0, 300]))}`;
    } catch {
      return '!"something that cannot be shown"';
    }
  };

  return (make) => (text) => {
    try {
      const given = parse(text);
      const call = make();
      if (typeof call !== "function") return '?"not a function"';
      const said = encode(call(given[0], given[1]), 0);
      if (said === undefined) return "-";
      return said.length > mostChars ? `~"more than ${mostChars} characters"` : `=${said}`;
    } catch (problem) {
      return describe(problem);
    }
  };
}
