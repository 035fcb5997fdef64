// Asks a Statuspage API through npm's `statuspage.io`, as any program that uses that client would: prints what it got.
"use strict";
const { Statuspage } = require("statuspage.io");

async function main(url) {
  const client = new Statuspage("tocsin");
  client.setApiUrl(url);
  const api = client.api;
  const [summary, status, components, all, unresolved, upcoming] = await Promise.all([
    api.getSummary(),
    api.getStatus(),
    api.getComponents(),
    api.incidents.getAll(),
    api.incidents.getUnresolved(),
    api.scheduledMaintenances.getUpcoming(),
  ]);
  process.stdout.write(JSON.stringify({ summary, status, components, all, unresolved, upcoming }) + "\n");
}

main(process.argv[2]).catch((error) => {
  process.stderr.write(String(error) + "\n");
  process.exit(1);
});
