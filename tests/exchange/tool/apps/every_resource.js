// Uses every resource of the exchange with Twilio's own client for Node, through a proxy as its only setting.
'use strict';
const twilio = require('twilio');

const { ACCOUNT: account, TOKEN: token, NUMBER: number, VOICE_URL: voice, EXCHANGE: exchange } = process.env;

// What a person does with a phone of the exchange.
function does(sid, action, given = {}) {
  const headers = { 'Content-Type': 'application/json' };
  return fetch(`${exchange}/handset/${sid}/${action}`, { method: 'POST', headers, body: JSON.stringify(given) });
}

async function refusal(promise) {
  try {
    await promise;
    return null;
  } catch (problem) {
    return [problem.status, problem.code];
  }
}

async function talks(client, to, verbs) {
  const call = await client.calls.create({ to, from: number, twiml: `<Response>${verbs}</Response>` });
  await does(call.sid, 'answer');
  return call.sid;
}

async function live(client) {
  const seen = {};
  const table = '<Dial><Conference endConferenceOnExit="true" record="record-from-start">live</Conference></Dial>';
  const sids = [await talks(client, '+12025550181', table), await talks(client, '+12025550182', table)];
  const [conference] = await client.conferences.list({ friendlyName: 'live', status: 'in-progress' });
  const participants = client.conferences(conference.sid).participants;
  seen.together = (await participants.list()).map((one) => one.callSid).sort().join() === [...sids].sort().join();
  seen.muted = (await participants(sids[1]).update({ muted: true })).muted;
  seen.hold = (await participants(sids[1]).fetch()).hold;
  seen.kicked = await participants(sids[1]).remove();
  await does(sids[0], 'hang-up');
  seen.conference = (await client.conferences(conference.sid).fetch()).status;
  const [ofConference] = await client.conferences(conference.sid).recordings.list();
  seen.ofConference = [ofConference.source, ofConference.status];

  const waits = await talks(client, '+12025550183', '<Enqueue>live</Enqueue>');
  const [queue] = (await client.queues.list()).filter((one) => one.friendlyName === 'live');
  seen.front = (await client.queues(queue.sid).members('Front').fetch()).callSid === waits;
  seen.member = (await client.queues(queue.sid).members(waits).update({ url: voice })).position;
  await client.calls(waits).update({ status: 'completed' });

  const recorded = await talks(client, '+12025550184', `<Sing/><Gather action="${voice}"><Say>Hello.</Say></Gather>`);
  const recordings = client.calls(recorded).recordings;
  const begun = await recordings.create();
  seen.stopped = (await recordings('Twilio.CURRENT').update({ status: 'stopped' })).status;
  const whole = await client.recordings(begun.sid).fetch();
  const sound = Buffer.from(await (await fetch(`${whole.mediaUrl}.wav`)).arrayBuffer());
  seen.sound = [sound.toString('latin1', 0, 4), sound.length === 44 + 16000 * Number(whole.duration)];
  seen.recordingGone = await client.recordings(begun.sid).remove();
  const [warning] = await client.calls(recorded).notifications.list();
  seen.warning = (await client.notifications(warning.sid).fetch()).errorCode;
  await does(recorded, 'hang-up');
  seen.lasted = (await client.calls(recorded).fetch()).status;
  return seen;
}

async function main() {
  const client = twilio(account, token);
  const seen = { live: await live(client) };
  seen.account = (await client.api.v2010.accounts(account).fetch()).status;
  seen.accounts = (await client.api.v2010.accounts.list()).length;

  const [own] = await client.incomingPhoneNumbers.list({ phoneNumber: number });
  seen.number = [own.phoneNumber, own.voiceUrl, own.capabilities.voice];
  seen.renamed = (await client.incomingPhoneNumbers(own.sid).update({ friendlyName: 'Front desk' })).friendlyName;
  const bought = await client.incomingPhoneNumbers.create({ phoneNumber: '+12025550177', voiceUrl: voice });
  seen.bought = (await client.incomingPhoneNumbers(bought.sid).fetch()).phoneNumber;
  seen.released = await client.incomingPhoneNumbers(bought.sid).remove();

  const app = await client.applications.create({ friendlyName: 'Greeting', voiceUrl: voice });
  seen.application = (await client.applications(app.sid).update({ friendlyName: 'Hello' })).friendlyName;
  const call = await client.calls.create({ to: '+12025550178', from: number, applicationSid: app.sid });
  seen.call = [call.status, call.direction];
  seen.calls = (await client.calls.list({ to: '+12025550178' })).length;
  seen.canceled = (await client.calls(call.sid).update({ status: 'canceled' })).status;
  seen.events = Array.isArray(await client.calls(call.sid).events.list());
  seen.notifications = (await client.calls(call.sid).notifications.list()).length;
  seen.logged = Array.isArray(await client.notifications.list({ limit: 5 }));
  seen.recordings = (await client.calls(call.sid).recordings.list()).length;
  seen.tooEarly = await refusal(client.calls(call.sid).recordings.create());
  seen.allRecordings = Array.isArray(await client.recordings.list());
  seen.deleted = await client.calls(call.sid).remove();
  seen.applicationGone = await client.applications(app.sid).remove();

  const queue = await client.queues.create({ friendlyName: 'from Node', maxSize: 3 });
  seen.queue = [queue.friendlyName, queue.maxSize, queue.currentSize];
  seen.resized = (await client.queues(queue.sid).update({ maxSize: 5 })).maxSize;
  seen.members = (await client.queues(queue.sid).members.list()).length;
  seen.front = await refusal(client.queues(queue.sid).members('Front').fetch());
  seen.queueGone = await client.queues(queue.sid).remove();

  const invited = await client.conferences('from Node').participants.create({ to: '+12025550179', from: number });
  seen.invited = invited.status;
  const [conference] = await client.conferences.list({ friendlyName: 'from Node' });
  seen.participants = (await client.conferences(conference.sid).participants.list()).length;
  seen.conferenceRecordings = (await client.conferences(conference.sid).recordings.list()).length;
  seen.ended = (await client.conferences(conference.sid).update({ status: 'completed' })).status;
  await client.calls(invited.callSid).update({ status: 'canceled' });

  const message = await client.messages.create({ to: '+12025550178', from: number, body: 'Hello' });
  seen.message = [message.status, message.numSegments];
  seen.messages = (await client.messages.list({ to: '+12025550178' })).length;
  seen.media = (await client.messages(message.sid).media.list()).length;
  seen.redacted = (await client.messages(message.sid).update({ body: '' })).body;
  seen.messageGone = await client.messages(message.sid).remove();

  seen.unknown = await refusal(client.calls('CA' + '1'.repeat(32)).fetch());
  seen.notHere = await refusal(client.verify.v2.services('VA' + '1'.repeat(32)).fetch());
  console.log(JSON.stringify(seen));
}

main().catch((problem) => {
  console.error(problem);
  process.exit(1);
});
