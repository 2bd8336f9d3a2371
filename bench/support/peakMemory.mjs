// To be imported in front of a program: prints the bytes of memory that it took at most as its last line.
process.on('exit', () => process.stdout.write(`${process.resourceUsage().maxRSS * 1024}\n`));
