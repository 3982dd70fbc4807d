// Some of them start real servers, and a machine's cores may be busy: five seconds, Jest's default, would be a test of the machine.
jest.setTimeout(60_000);

// esbuild's thread and its service would outlive the suite that bundles something, and hold a stream of ours.
process.env["ESBUILD_WORKER_THREADS"] = "0";
