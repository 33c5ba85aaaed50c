// Holds an AsyncAPI document against AsyncAPI's own parser, and its examples against the schemas that
// the parser has put together: of AsyncAPI 3 it judges no examples itself.
//
// usage: node parse.js NODE_MODULES DOCUMENT
//
// Exit 1 with a line for each error or warning. Advice (a newer AsyncAPI) is passed over. After
// that the same document with one mistake at a time has to be refused.
"use strict";
const fs = require("fs");
const path = require("path");

const [modules, file] = process.argv.slice(2);
const { Parser } = require(path.resolve(modules, "@asyncapi/parser"));
const Ajv = require(path.resolve(modules, "ajv/dist/2020")).default; // the parser's own

const WARNING = 1; // 0: an error; 2 and 3: advice
const MISTAKES = [
    ["a reference to nothing", "schemas/reply.schema.json\n", "schemas/none.schema.json\n"],
    ["an example's header", "usher-outcome: submitted", "usher-outcome: granted"],
    ["an example's attribute", "specversion: '1.0'", "specversion: '0.3'"],
    ["an example's payload", "receivedAt: '2026-03-02T08:00:01.000Z'", "receivedAt: yesterday"],
    ["an example of a dead letter", "usher-attempts: '0'", "usher-attempts: none"],
    ["a member of AsyncAPI", "operations:", "operation:"],
];

// The parser knows the formats no more than JSON Schema does: they are words of advice.
function judgeExamples(message) {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const judges = { headers: ajv.compile(message.headers().json()),
        payload: ajv.compile(message.payload().json()) };
    const lines = [];
    for (const example of message.examples().all()) {
        for (const [part, judge] of Object.entries(judges)) {
            const value = example.json()[part];
            if (value !== undefined && !judge(value)) {
                lines.push(`${message.id()}, ${example.name()}, ${part}: ` +
                    ajv.errorsText(judge.errors));
            }
        }
    }
    return lines;
}

async function complaints(text) {
    const { document, diagnostics } = await new Parser().parse(text, { source: file });
    const lines = diagnostics.filter((one) => one.severity <= WARNING)
        .map((one) => `${one.path.join("/")}: ${one.message}`);
    if (document !== undefined) {
        lines.push(...document.components().messages().all().flatMap(judgeExamples));
    }
    return { document, lines };
}

async function main() {
    const text = fs.readFileSync(file, "utf8");
    const { document, lines } = await complaints(text);
    if (document === undefined || lines.length > 0) {
        throw new Error(`${file} is refused:\n${lines.join("\n")}`);
    }
    for (const [what, right, wrong] of MISTAKES) {
        if (!text.includes(right)) {
            throw new Error(`${what}: "${right}" is not in ${file} any more`);
        }
        if ((await complaints(text.replace(right, wrong))).lines.length === 0) {
            throw new Error(`${what} was changed into "${wrong}", and nothing was said`);
        }
    }
    const messages = document.components().messages().all();
    const examples = messages.reduce((sum, one) => sum + one.examples().all().length, 0);
    console.log(`FIGURE AsyncAPI: version ${document.version()}, ` +
        `${document.operations().all().length} operations, ` +
        `${messages.length} messages, ${examples} examples; ` +
        `${MISTAKES.length} mistakes, each found`);
}

main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
});
