// Judge: mailparser or postal-mime, which the first argument names, where Node
// finds them. Reads paths, a line each; writes for each {"file", "leaves": [[name, base64]...]}.
"use strict";
const fs = require("fs");
const readline = require("readline");

const readers = {
	"mailparser": async (bytes) => {
		const mail = await require("mailparser").simpleParser(bytes, { skipHtmlToText: true, skipImageLinks: true });
		return mail.attachments.map((a) => [a.filename || "", a.content]).concat([["", mail.text], ["", mail.html]]);
	},
	"postal-mime": async (bytes) => {
		const PostalMime = require("postal-mime").default || require("postal-mime");
		const mail = await PostalMime.parse(bytes, { forceRfc822Attachments: false });
		return mail.attachments.map((a) => [a.filename || "", a.content]).concat([["", mail.text], ["", mail.html]]);
	},
};

async function main() {
	const read = readers[process.argv[2]];
	for await (const file of readline.createInterface({ input: process.stdin })) {
		let leaves = [];
		try {
			leaves = (await read(fs.readFileSync(file))).filter((leaf) => leaf[1])
				.map((leaf) => [leaf[0], Buffer.from(leaf[1]).toString("base64")]);
		} catch (e) {
			console.error(`${file}: ${e.message}`);
		}
		process.stdout.write(JSON.stringify({ file, leaves }) + "\n");
	}
}

main();
