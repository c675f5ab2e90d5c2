// A client of imapflow that does what one can do to a mailbox, and prints as JSON
// what it was told: { messages: [base64], told: [[what, value]] }. The first three
// messages of the INBOX may be changed; what comes is deleted again.
//
//     NODE_PATH=… node imapflow.cjs '{"port": …, "tls": null | "starttls" | "implicit", "ca": …, "user": …, "password": …}'
'use strict';

const fs = require('fs');
const { ImapFlow } = require('imapflow');

const job = JSON.parse(process.argv[2]);
const NEWS = 'From: sender@example.org\r\nSubject: news\r\nMessage-ID: <news@example.org>\r\n\r\nnews\r\n';
const told = [];

function tell(what, value) {
	told.push([what, value]);
	return value;
}

async function connect(options) {
	const client = new ImapFlow({
		host: 'localhost', port: job.port, secure: job.tls === 'implicit', doSTARTTLS: job.tls === 'starttls',
		tls: job.tls ? { ca: fs.readFileSync(job.ca) } : {}, auth: { user: job.user, pass: job.password },
		logger: false, disableAutoIdle: true, ...options,
	});
	await client.connect();
	return client;
}

function leaves(part) {
	return part.childNodes ? part.childNodes.flatMap(leaves) : [part.part || '1'];
}

async function contentOf(stream) {
	const pieces = [];
	for await (const piece of stream) {
		pieces.push(piece);
	}
	return Buffer.concat(pieces).toString('base64');
}

function shown(message) {
	const plain = { ...message, flags: [...message.flags].filter(flag => flag !== '\\Recent').sort() };
	for (const name of ['source', 'headers']) {
		plain[name] = message[name] && message[name].toString('base64');
	}
	delete plain.id; // imapflow's own
	delete plain.modseq;
	delete plain.threadId;
	return plain;
}

async function read(client) {
	const messages = [];
	const everything = { uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, size: true, source: true,
		headers: ['subject', 'date'] };
	for await (const message of client.fetch('1:*', everything)) {
		messages.push(message);
		tell('message', shown(message));
	}
	for (const { uid, bodyStructure } of messages) {
		for (const part of leaves(bodyStructure)) {
			const { meta, content } = await client.download(String(uid), part, { uid: true });
			tell(`download ${uid} ${part}`, [meta.contentType, meta.encoding, meta.filename, content && await contentOf(content)]);
		}
	}
	tell('a piece', (await client.fetchOne('1', { source: { start: 10, maxLength: 50 } })).source.toString('base64'));
	return messages.map(message => message.source.toString('base64'));
}

async function change(client) {
	tell('flags added', await client.messageFlagsAdd('1:2', ['\\Flagged', 'Label']));
	tell('flags removed', await client.messageFlagsRemove('1', ['\\Flagged']));
	tell('flags set', await client.messageFlagsSet('3', ['\\Answered']));
	tell('search', await client.search({ keyword: 'Label' }, { uid: true }));
	tell('search of text', await client.search({ or: [{ subject: 'number 1' }, { flagged: true }] }));
	tell('create', (await client.mailboxCreate('Kept')).created);
	tell('copy', [...(await client.messageCopy('1', 'Kept')).uidMap]);
	tell('move', [...(await client.messageMove('2', 'Kept')).uidMap]);
	tell('status', (({ messages, unseen, uidNext }) => [messages, unseen, uidNext])(
		await client.status('Kept', { messages: true, unseen: true, uidNext: true })));
	tell('list', (await client.list()).map(({ path, flags, specialUse, subscribed }) => [path, [...flags].sort(), specialUse, subscribed]));
}

// Another client hears of what comes and goes while it idles.
async function watch(client) {
	const other = await connect({ qresync: true });
	const lock = await other.getMailboxLock('INBOX');
	const came = new Promise(resolve => other.once('exists', resolve));
	const idling = other.idle();
	const { uid } = await client.append('INBOX', NEWS, ['\\Seen'], new Date(1700000000000));
	const { count, prevCount } = await came;
	tell('came', [count, prevCount, uid]);
	tell('what came', shown(await other.fetchOne(String(uid), { uid: true, flags: true, source: true, internalDate: true }, { uid: true })));
	const went = new Promise(resolve => other.once('expunge', resolve));
	const again = other.idle();
	tell('delete', await client.messageDelete(String(uid), { uid: true }));
	const gone = await went;
	tell('went', [gone.seq, gone.uid, gone.vanished]);
	await other.noop(); // ends IDLE
	await Promise.all([idling, again]);
	lock.release();
	await other.logout();
}

async function main() {
	const client = await connect({});
	const lock = await client.getMailboxLock('INBOX');
	tell('exists', client.mailbox.exists);
	const messages = await read(client);
	await change(client);
	await watch(client);
	lock.release();
	await client.logout();
	console.log(JSON.stringify({ messages, told }));
}

main().catch(error => {
	console.error(error, told.slice(-3));
	process.exit(1);
});
