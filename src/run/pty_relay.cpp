#include "run/pty_relay.hpp"
#include "sys/passing.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sandbox::run {

template <std::size_t Size>
typename Parcel<Size>::Taken Parcel<Size>::read_from(int fd) noexcept {
    const ssize_t got = ::read(fd, bytes_.data(), bytes_.size());
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR) ? Taken::nothing : Taken::end;
    }
    start_ = 0;
    end_ = static_cast<std::size_t>(got);
    return Taken::data;
}

template <std::size_t Size>
bool Parcel<Size>::write_to(int fd) noexcept {
    while (!empty()) {
        const ssize_t written = ::write(fd, bytes_.data() + start_, end_ - start_);
        if (written > 0) {
            start_ += static_cast<std::size_t>(written);
        } else if (written == 0 || errno == EAGAIN) {
            return true;
        } else if (errno != EINTR) {
            start_ = end_;
            return false;
        }
    }
    return true;
}

PtyRelay::PtyRelay(const plan::OwnTerminal& plan) : plan_(plan), console_(plan) {
    if (!plan.keyboard_shared) {
        return;
    }
    const bool waits = (::fcntl(console_.keyboard(), F_GETFL) & O_NONBLOCK) == 0;
    lines_ = sys::above_streams(waits ? -1 : ::epoll_create1(EPOLL_CLOEXEC));
    epoll_event wanted{};
    wanted.events = EPOLLIN | EPOLLET;
    if (lines_ && ::epoll_ctl(lines_.get(), EPOLL_CTL_ADD, console_.keyboard(), &wanted) < 0) {
        lines_.reset();
    }
}

TerminalProgram PtyRelay::program(int launcher) const {
    TerminalProgram program;
    program.of_host = plan_.of_host;
    for (std::size_t fd = 0; fd < plan_.streams.size(); ++fd) {
        program.streams[fd] = plan_.streams[fd];
    }
    if (const std::optional<termios> modes = console_.modes()) {
        program.modes_known = true;
        program.modes = *modes;
    }
    if (plan_.keyboard_shared) {
        // The caller's terminal shows what is typed, and begins lines at their left end.
        program.modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        program.modes.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
    }
    program.size = console_.size();
    program.launcher = launcher;
    return program;
}

int PtyRelay::receive(int socket) noexcept {
    int ends[2];
    const int error = sys::receive_descriptors(socket, ends);
    master_ = sys::above_streams(ends[0]);
    slave_ = sys::above_streams(ends[1]);
    if (error != 0 || !master_ || !slave_) {
        return error != 0 ? error : EMFILE;
    }
    return ::fcntl(master_.get(), F_SETFL, O_RDWR | O_NONBLOCK) < 0 ? errno : 0;
}

bool PtyRelay::must_wait() const noexcept {
    return plan_.streams[0] && !plan_.keyboard_shared && !console_.ours();
}

void PtyRelay::attach() noexcept {
    if (plan_.keyboard_shared) {
        keyboard_ = lines_ ? Keyboard::lines : Keyboard::none;
    } else if (console_.ours()) {
        console_.make_raw();
        keyboard_ = Keyboard::own;
    } else {
        keyboard_ = Keyboard::none;
    }
    resize();
}

void PtyRelay::detach() noexcept {
    console_.restore();
    keyboard_ = Keyboard::none;
}

void PtyRelay::resize() const noexcept {
    // The kernel tells the command's foreground group, if that is a change.
    const winsize size = console_.size();
    if (size.ws_row != 0 || size.ws_col != 0) {
        ::ioctl(master_.get(), TIOCSWINSZ, &size);
    }
}

std::array<pollfd, PtyRelay::most_watched> PtyRelay::watched() const noexcept {
    const bool room = keys_.empty();
    const int keyboard = !room || keyboard_ == Keyboard::none ? -1
                         : keyboard_ == Keyboard::own         ? console_.keyboard()
                                                              : lines_.get();
    const auto wanted = static_cast<short>((output_.empty() ? POLLIN : 0) | (room ? 0 : POLLOUT));
    return {{{keyboard, POLLIN, 0},
             {output_.empty() ? -1 : console_.screen(), POLLOUT, 0},
             {wanted == 0 ? -1 : master_.get(), wanted, 0}}};
}

PtyRelay::Event PtyRelay::move(std::span<const pollfd, most_watched> found) noexcept {
    Event event = Event::none;
    if (found[0].revents != 0) {
        event = keyboard_ == Keyboard::lines ? read_lines() : read_keys();
    }
    if (found[1].revents != 0) {
        output_.write_to(console_.screen());
    }
    if ((found[2].revents & ~POLLOUT) != 0 && output_.empty()) {
        read_output();
    }
    if (!keys_.empty()) {
        keys_.write_to(master_.get());
        if (keys_.empty() && more_lines_) {
            event = read_lines();
        }
    }
    return event;
}

bool PtyRelay::take_output() noexcept {
    if (output_.read_from(master_.get()) != Parcel<32768>::Taken::data) {
        return false;
    }
    if (budget_ != nullptr) {
        output_.cut(budget_->take(output_.size()));
    }
    return true;
}

// What cannot be shown, as nobody has the caller's terminal any more, is dropped: the command gets SIGHUP for it.
void PtyRelay::read_output() noexcept {
    if (take_output()) {
        output_.write_to(console_.screen());
    }
}

PtyRelay::Event PtyRelay::read_keys() noexcept {
    if (keys_.read_from(console_.keyboard()) != Parcel<4096>::Taken::end) {
        return Event::none;
    }
    keyboard_ = Keyboard::none;
    return console_.in_background() ? Event::background : Event::hung_up;
}

PtyRelay::Event PtyRelay::read_lines() noexcept {
    epoll_event event{};
    ::epoll_wait(lines_.get(), &event, 1, 0);
    more_lines_ = true;
    while (keys_.empty()) {
        if (!console_.ours() || !console_.gives_lines()) {
            more_lines_ = false;  // somebody else's
            return Event::none;
        }
        switch (keys_.read_from(console_.keyboard())) {
            case Parcel<4096>::Taken::data:
                keys_.write_to(master_.get());
                break;
            case Parcel<4096>::Taken::nothing:
                more_lines_ = false;
                return Event::none;
            case Parcel<4096>::Taken::end:
                more_lines_ = false;
                if ((event.events & (EPOLLHUP | EPOLLERR)) != 0) {
                    return Event::hung_up;
                }
                type_end_of_file();
                return Event::none;
        }
    }
    return Event::none;
}

// Ctrl-D at the start of a line, on a terminal that gives lines.
void PtyRelay::type_end_of_file() noexcept {
    termios inner{};
    const bool known = ::tcgetattr(slave_.get(), &inner) == 0;
    keys_.put(known ? static_cast<char>(inner.c_cc[VEOF]) : '\x04');
    keys_.write_to(master_.get());
}

bool PtyRelay::signal(int number) const noexcept {
    switch (number) {
        case SIGWINCH:
            resize();
            return true;
        case SIGINT:
        case SIGQUIT:
        case SIGTSTP:
            // To the foreground group, and the listener hears it as one of the terminal's.
            return ::ioctl(master_.get(), TIOCSIG, number) == 0;
        default:
            return false;
    }
}

bool PtyRelay::drain(int signals) noexcept {
    // More than the kernel holds; a process that writes on and on must not keep us.
    constexpr int most_parcels = 16;
    for (int parcels = 0; parcels < most_parcels;) {
        if (output_.empty()) {
            ++parcels;
            if (!take_output() || (budget_ != nullptr && budget_->exceeded())) {
                return true;
            }
        }
        output_.write_to(console_.screen());
        if (output_.empty()) {
            continue;
        }
        std::array<pollfd, 2> watched{{{console_.screen(), POLLOUT, 0}, {signals, POLLIN, 0}}};
        if (::poll(watched.data(), watched.size(), -1) > 0 && watched[1].revents != 0) {
            return false;
        }
    }
    return true;
}

void PtyRelay::hang_up() noexcept {
    keyboard_ = Keyboard::none;
    master_.reset();
    slave_.reset();
}

}  // namespace sandbox::run
