// What people run all day still runs, with no option but a writable directory: shells, compilers, interpreters,
// databases, tracers. Each does real work and says what came of it.
#include <chrono>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class WorkloadTools : public SandboxTest {
  protected:
    /// In a writable directory of the test's own. The tools are those of the system: the caller's home is hidden.
    Result work(const std::string& script) {
        return inside_shell("set -e\nexport PATH=/usr/local/bin:/usr/bin:/bin\n" + script,
                            {.sandbox = {"--rw", "."}, .directory = work_.path(), .timeout = std::chrono::minutes(10)});
    }
    void expect_output(const std::string& script, const std::string& output) {
        const Result result = work(script);
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(result.out, output) << result;
    }

  private:
    TemporaryDirectory work_;
};

TEST_F(WorkloadTools, Bash) {
    expect_output(R"(cat > script <<'END'
coproc cat; echo through >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
exec {COPROC[1]}>&-
diff <(seq 3) <(seq 3) && echo same
for i in {1..50}; do (exit $((i % 2))) & done; wait; echo "${#BASH_VERSINFO[@]}"
trap 'echo caught' USR1; kill -USR1 $$
[[ $(ulimit -n) -gt 2 ]] && printf '%(%Y)T\n' 0
END
TZ=UTC bash script)",
                  "through\nsame\n6\ncaught\n1970\n");
}

TEST_F(WorkloadTools, Coreutils) {
    expect_output(R"(mkdir -p a/b; seq 1000 > a/b/f; cp -a a c; ln a/b/f a/hard; ln -s b/f a/soft; chmod 640 a/b/f
touch -d @86400 a/b/f; stat -c '%a %Y %h' a/b/f; mkfifo p; (head -c 9 < p) & echo 123456789 > p; wait; echo
sort -R a/b/f | sort -n | tail -1; sha256sum < a/b/f | cut -c1-8; truncate -s 1M s; du -k s | cut -f1
dd if=/dev/zero of=z bs=64k count=16 conv=fsync status=none; wc -c < z; nproc > /dev/null; timeout 5 sleep 0.01
tar -cf t.tar a; rm -r a; tar -xf t.tar; cmp a/b/f c/b/f; find . -type f | wc -l; id -u; df . > /dev/null; sync -f z
env -i /usr/bin/printenv | wc -l; date -d @0 -u +%Y; mv a b; rm -r b c; mktemp > /dev/null; yes | head -3 | uniq -c | tr -d ' ')",
                  "640 86400 2\n123456789\n1000\n67d4ff71\n0\n1048576\n6\n0\n0\n1970\n3y\n");
}

TEST_F(WorkloadTools, Git) {
    expect_output(R"(export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
git init -q -b main one; cd one; seq 500 > file; git add file; git commit -qm first; git switch -qc topic; echo x >> file
git commit -qam second; git switch -q main; git merge -q --ff-only topic; git gc -q; git fsck --no-progress
cd ..; git clone -q one two; git -C two log --format=%s; git -C two worktree add -q ../three HEAD~1; wc -l < three/file
git -C one status --porcelain)",
                  "second\nfirst\n500\n");
}

TEST_F(WorkloadTools, GccAndMake) {
    expect_output(R"(for i in 1 2 3 4; do echo "int f$i(void) { return $i; }" > f$i.c; done
cat > main.cpp <<'END'
#include <cstdio>
#include <thread>
#include <vector>
extern "C" { int f1(); int f2(); int f3(); int f4(); }
int main() {
    int sum[4] = {};
    std::vector<std::thread> threads;
    threads.emplace_back([&] { sum[0] = f1(); });
    threads.emplace_back([&] { sum[1] = f2(); });
    threads.emplace_back([&] { sum[2] = f3(); });
    threads.emplace_back([&] { sum[3] = f4(); });
    for (auto& thread : threads) thread.join();
    std::printf("%d\n", sum[0] + sum[1] + sum[2] + sum[3]);
}
END
printf 'prog: main.o f1.o f2.o f3.o f4.o\n\tg++ -pthread -o $@ $^\n' > Makefile
make -s -j 4; ./prog; g++ -fsanitize=address,undefined -pthread -o checked main.cpp f1.o f2.o f3.o f4.o
ASAN_OPTIONS=detect_leaks=0 ./checked)",
                  "10\n10\n");
}

TEST_F(WorkloadTools, MesonAndNinja) {
    expect_output(R"(echo 'int main(void) { return 0; }' > main.c
printf "project('p', 'c')\ntest('t', executable('e', 'main.c'))\n" > meson.build
meson setup build > /dev/null; ninja -C build > /dev/null; meson test -C build > log; grep -c OK log)",
                  "1\n");
}

TEST_F(WorkloadTools, Python) {
    expect_output(R"(cat > work.py <<'END'
import asyncio, concurrent.futures, multiprocessing, os, select, socket, subprocess, tempfile, threading, mmap
def square(n): return n * n
async def served():
    async def answer(reader, writer):
        writer.write(await reader.readline()); await writer.drain(); writer.close()
    server = await asyncio.start_server(answer, '127.0.0.1', 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b'echo\n'); print((await reader.readline()).decode().strip())
    process = await asyncio.create_subprocess_exec('echo', 'child', stdout=subprocess.PIPE)
    print((await process.communicate())[0].decode().strip())
if __name__ == '__main__':
    with multiprocessing.Pool(2) as pool: print(sum(pool.map(square, range(10))))
    with multiprocessing.get_context('spawn').Pool(2) as pool: print(sum(pool.map(square, range(10))))
    with concurrent.futures.ThreadPoolExecutor(4) as threads: print(sum(threads.map(square, range(10))))
    queue = multiprocessing.Queue(); queue.put('queued'); print(queue.get())
    asyncio.run(served())
    left, right = socket.socketpair(); left.send(b'pair'); print(right.recv(4).decode())
    with tempfile.TemporaryFile() as file: file.truncate(4096); mmap.mmap(file.fileno(), 4096)[0] = 1
    shared = multiprocessing.shared_memory if hasattr(multiprocessing, 'shared_memory') else None
    poller = select.epoll(); poller.close(); print(os.getpid() > 0, os.cpu_count() > 0)
END
python3 work.py)",
                  "285\n285\n285\nqueued\necho\nchild\npair\nTrue True\n");
}

TEST_F(WorkloadTools, Perl) {
    expect_output(R"(perl -MSocket -MPOSIX -MFile::Temp -e '
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0); my $p = fork; if (!$p) { syswrite $b, "from child\n"; POSIX::_exit(3) }
print scalar <$a>; waitpid $p, 0; print $? >> 8, "\n"; $SIG{ALRM} = sub { print "alarm\n" };
sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGALRM)); alarm 1; sigsuspend(POSIX::SigSet->new);
my $t = File::Temp->new; flock $t, 2 or die; print "locked\n"')",
                  "from child\n3\nalarm\nlocked\n");
}

TEST_F(WorkloadTools, Sqlite) {
    expect_output(R"(sqlite3 db 'pragma journal_mode=wal; create table t(x); insert into t values(1),(2),(3);
select sum(x) from t; pragma integrity_check; vacuum;')",
                  "wal\n6\nok\n");
}

TEST_F(WorkloadTools, StraceOfAChild) {
    const Result result = work(
        "strace -f -o log -e trace=openat,clone,execve sh -c 'cat /etc/hostname > copy; true'\n"
        "grep -c execve log; grep -q '/etc/hostname' log && echo seen");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_TRUE(contains(result.out, "seen")) << result;
}

TEST_F(WorkloadTools, GdbOfAChild) {
    const Result result = work(R"(echo 'int hidden(int x) { return x + 1; } int main(void) { return hidden(41); }' > p.c
gcc -g -O0 -o p p.c
gdb -nx -batch -ex 'break hidden' -ex run -ex 'print x' -ex finish -ex 'info registers rip' -ex continue ./p)");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_TRUE(contains(result.out, "$1 = 41")) << result;
    EXPECT_TRUE(contains(result.out, "Value returned is $2 = 42")) << result;
}

TEST_F(WorkloadTools, Npm) {
    expect_output(
        R"(export npm_config_offline=true npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
mkdir dependency app; cd dependency
echo '{"name": "dependency", "version": "1.0.0", "main": "index.js"}' > package.json
echo 'exports.answer = () => 42' > index.js; cd ../app
echo '{"name": "app", "version": "1.0.0", "scripts": {"start": "node main.js"}, "dependencies": {"dependency": "file:../dependency"}}' > package.json
cat > main.js <<'END'
const { Worker } = require('worker_threads');
const { execFileSync } = require('child_process');
const http = require('http');
console.log(require('dependency').answer(), execFileSync('echo', ['child']).toString().trim());
new Worker('require("worker_threads").parentPort.postMessage("worker")', { eval: true }).on('message', text => {
    console.log(text);
    const server = http.createServer((request, answer) => answer.end('served')).listen(0, '127.0.0.1', () =>
        http.get(server.address(), answer => answer.on('data', data => { console.log(data.toString()); server.close(); })));
});
END
npm install --silent > /dev/null; npm run --silent start)",
        "42 child\nworker\nserved\n");
}

}  // namespace
}  // namespace sandbox_test
