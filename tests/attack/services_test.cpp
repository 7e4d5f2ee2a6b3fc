// A28 to A31: services of the host, and what other processes of the caller left.
#include <optional>
#include <string>

#include <unistd.h>

#include "attack/attack.hpp"
#include "support/ipc_objects.hpp"

namespace sandbox_attack {
namespace {

using sandbox_test::Running;
using Services = sandbox_test::SandboxTest;

/// A process that answers, outside or in a sandbox of its own.
class Host {
  public:
    explicit Host(const std::vector<std::string>& names, const std::vector<std::string>& before = {}) {
        std::vector<std::string> words = before;
        words.insert(words.end(), {sandbox_test::probe("attack_services"), "listen"});
        words.insert(words.end(), names.begin(), names.end());
        process_.emplace(words, sandbox_test::RunOptions{.keep_input_open = true});
        port_ = process_->expect(" up\n");
        port_.resize(port_.find(' ') == std::string::npos ? 0 : port_.find(' '));
    }
    ~Host() {
        process_->close_input();
        process_->wait();
    }
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    [[nodiscard]] const std::string& port() const { return port_; }

  private:
    std::optional<Running> process_;
    std::string port_;
};

/// An abstract one of this process's own, as others may run the same test.
std::string name_for(const std::string& attack) {
    return "@sandbox-attack-" + attack + "-" + std::to_string(getpid());
}

TEST_F(Services, A28_SocketsInTheFileSystem) {
    const std::string services =
        "mount -t tmpfs host /run; mount -t tmpfs host /tmp; mount -t tmpfs host /root\n"
        "mkdir -p /run/dbus /run/systemd /run/user/0 /tmp/.X11-unix\n"
        "set -- '" +
        sandbox_test::probe("attack_services") +
        "' serve /run/dbus/system_bus_socket /run/docker.sock /run/systemd/private /tmp/.X11-unix/X0 "
        "/run/user/0/bus /run/user/0/agent /root/.agent -- \"$@\"";
    Attack("A28", "sockets in the file system")
        .make({.program = "attack_services",
               .arguments = {"of=paths"},
               .run = {.set = {{"HOME", "/root"}, {"XDG_RUNTIME_DIR", "/run/user/0"}}},
               .host = services,
               .ground = "plain"});
}

TEST_F(Services, A29_TheHostsNetwork) {
    const std::string name = name_for("29");
    const Host host({name, ":0"});
    Attack("A29", "the network of the host")
        .make({.program = "attack_services",
               .arguments = {"abstract=" + name, "port=" + host.port(), "address=127.0.0.1"},
               .ground = "plain"});
}

TEST_F(Services, A30_SharedMemoryQueuesKeys) {
    const sandbox_test::IpcObjects objects;
    Attack attack("A30", "shared memory, queues, keys");
    attack.make({.program = "attack_services",
                 .arguments = {"of=objects", "key=" + objects.key(), "name=/" + objects.name()},
                 .ground = "plain"});
    attack.make({.program = "attack_services",
                 .arguments = {"of=keys", "serial="},
                 .host = "set -- '" + sandbox_test::probe("attack_services") + "' with-key \"$@\"",
                 .ground = "plain"});
}

// What one sandbox offers is not there in another: the names are the same, the places are not.
TEST_F(Services, A31_FromOneSandboxToAnother) {
    Attack attack("A31", "from one sandbox to another");
    const std::string name = name_for("31");
    const Host outside({name, ":0"});
    const Host host({name, ":" + outside.port()},
                    {sandbox_test::sandbox_binary(), "--ro", sandbox_test::given("SANDBOX_PROBES"), "--"});
    attack.make({.program = "attack_services",
                 .arguments = {"abstract=" + name, "port=" + outside.port(), "address=127.0.0.1"},
                 .ground = "plain"});
    attack.make("a file in /dev/shm or /tmp", "mounts", [](const Setting& setting) {
        bool found = false;
        sandbox_test::RunOptions options{.sandbox = setting.options, .keep_input_open = true};
        Running writer = sandbox_test::start_inside(
            {"sh", "-c", "for d in /dev/shm /tmp /var/tmp /run; do echo told > $d/sandbox-attack; done; echo up; cat"},
            options);
        writer.expect("up\n");
        const auto reader = sandbox_test::inside(
            {"sh", "-c", "cat /dev/shm/sandbox-attack /tmp/sandbox-attack /var/tmp/sandbox-attack /run/sandbox-attack"},
            {.sandbox = setting.options});
        found = reader.out.find("told") != std::string::npos;
        writer.close_input();
        writer.wait();
        return found;
    });
}

// Services that run what they find in a directory, and those that are asked by a socket: A28.
TEST_F(Services, A32_WorkForTheHostsServices) {
    const std::string spool =
        "mount -t tmpfs -o mode=0777 host /var/spool; mkdir -p -m 0777 /var/spool/cron/crontabs "
        "/var/spool/cron/atjobs /var/spool/at; mount -t tmpfs -o mode=0777 host /run; mkdir -p -m "
        "0777 /run/systemd/system /run/systemd/transient /run/udev/rules.d; mount -t tmpfs -o "
        "mode=0777 host /root; mkdir -p -m 0777 /root/.config/systemd/user /root/.config/autostart";
    Attack("A32", "work for services of the host")
        .make({.program = "attack_services",
               .arguments = {"of=work"},
               .run = {.set = {{"HOME", "/root"}}},
               .host = spool,
               .ground = "plain"});
}

}  // namespace
}  // namespace sandbox_attack
