#include "rivals.hpp"

#include <stdexcept>

#include <unistd.h>

namespace bench {
namespace {

// posix_spawn and not posix_spawnp: a search of PATH is no part of what is compared.
std::string find_program(const std::string& name) {
    for (const char* directory : {"/usr/local/bin/", "/usr/bin/", "/bin/"}) {
        if (::access((directory + name).c_str(), X_OK) == 0) {
            return directory + name;
        }
    }
    return "";
}

Command bubblewrap() {
    return {bubblewrap_name,
            {find_program("bwrap"), "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
             "--unshare-all"}};
}

Command with_noop(Command command, const Place& place) {
    command.argv.push_back(place.noop());
    return command;
}

}  // namespace

Rivals only_working(std::vector<Command> commands) {
    Rivals rivals;
    for (Command& command : commands) {
        // The exit status has to be the command's own: one that nobody gives by accident. That the others are 0 is
        // looked at in every run.
        const std::string failure = command.argv[0].empty() ? "not installed" : try_out(command, {"check"}, 42);
        if (failure.empty()) {
            rivals.commands.push_back(std::move(command));
        } else if (command.name == sandbox_name) {
            throw std::runtime_error("sandbox does not run here: " + failure);
        } else {
            rivals.notes.push_back(command.name + " left out: " + failure);
        }
    }
    return rivals;
}

Rivals find_rivals(const Place& place) {
    return only_working({
        {sandbox_name, {place.sandbox(), "--", place.noop()}},
        {floor_name, {place.floor(), place.noop()}},
        {unshare_name, {find_program("unshare"), "-UrmpnfiuC", "--mount-proc", place.noop()}},
        with_noop(bubblewrap(), place),
    });
}

Command sandbox_with_binds(const Place& place, const std::vector<std::string>& paths) {
    Command command{sandbox_name, {place.sandbox()}};
    for (const std::string& path : paths) {
        command.argv.insert(command.argv.end(), {"--ro", path});
    }
    command.argv.push_back("--");
    return with_noop(std::move(command), place);
}

Command bubblewrap_with_binds(const Place& place, const std::vector<std::string>& paths) {
    Command command = bubblewrap();
    for (const std::string& path : paths) {
        command.argv.insert(command.argv.end(), {"--ro-bind", path, path});
    }
    return with_noop(std::move(command), place);
}

}  // namespace bench
