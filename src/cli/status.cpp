#include "cli/status.hpp"

#include "report/descriptor.hpp"
#include "spec/namespaces.hpp"

#include <cstddef>

namespace sandbox::cli {

std::string ready_line(pid_t pid, const Trace& trace) {
    std::string text = R"({"event":"ready","pid":)" + std::to_string(pid) + R"(,"namespaces":{)";
    bool first = true;
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        const std::uint64_t inode = trace.namespaces.at(static_cast<std::size_t>(row.kind)).inside;
        if (inode != 0) {
            text += (first ? "\"" : ",\"") + std::string(row.name) + "\":" + std::to_string(inode);
            first = false;
        }
    }
    return text + "}}\n";
}

std::string ended_line(const Outcome& outcome) {
    std::string text = R"({"event":"ended","exit":)" + std::to_string(outcome.exit_status());
    if (outcome.kind == Outcome::Kind::signaled) {
        text += R"(,"signal":)" + std::to_string(outcome.value);
    }
    return text + "}\n";
}

std::string failed_line(int exit_status) {
    return R"({"event":"failed","exit":)" + std::to_string(exit_status) + "}\n";
}

StatusLines::StatusLines(int descriptor) : descriptor_(descriptor) {
    report::keep_for_writing("--status-fd " + std::to_string(descriptor), descriptor);
}

void StatusLines::write(const std::string& line) const {
    [[maybe_unused]] const int error = report::write_all(descriptor_, line);
}

}  // namespace sandbox::cli
