// SPDX-License-Identifier: GPL-2.0-only
/*
 * pool.cc - a threaded server in C++: echo and HTTP on one port.
 *
 * usage: pool ADDRESS PORT THREADS DIRECTORY
 *
 * The main thread accepts and queues connections; each of THREADS workers takes one at a
 * time off the queue and serves it to its end, by blocking calls. A connection that begins
 * with "GET /" has one file of DIRECTORY for an answer, any other has its bytes back until
 * its end of file. Says "ready" on stdout when it listens. SIGTERM stops accepting; what
 * is queued is served, then it says how many connections there were.
 *
 * Signals: SIGTERM is blocked but while the main thread waits in ppoll(); workers start
 * with it blocked. A connection that fails is an exception of its worker: said on stderr
 * and counted, and the exit status is then 1.
 */
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace
{

volatile std::sig_atomic_t ending;

[[noreturn]] void fail(const char *what)
{
	throw std::system_error(errno, std::generic_category(), what);
}

// A descriptor that closes itself.
class Descriptor
{
      public:
	explicit Descriptor(int number) : fd(number)
	{
	}
	Descriptor(Descriptor &&other) noexcept : fd(std::exchange(other.fd, -1))
	{
	}
	Descriptor &operator=(Descriptor &&other) noexcept
	{
		std::swap(fd, other.fd);
		return *this;
	}
	~Descriptor()
	{
		if (fd >= 0)
			close(fd);
	}
	[[nodiscard]] int get() const
	{
		return fd;
	}

      private:
	int fd;
};

// The connections that wait for a worker.
class Queue
{
      public:
	void put(Descriptor connection)
	{
		const std::lock_guard<std::mutex> held(lock);

		waiting.push_back(std::move(connection));
		changed.notify_one();
	}

	// Nothing when there will be no more.
	std::optional<Descriptor> take()
	{
		std::unique_lock<std::mutex> held(lock);

		changed.wait(held, [this] { return closed || !waiting.empty(); });
		if (waiting.empty())
			return {};
		std::optional<Descriptor> first(std::move(waiting.front()));
		waiting.pop_front();
		return first;
	}

	void finish()
	{
		const std::lock_guard<std::mutex> held(lock);

		closed = true;
		changed.notify_all();
	}

      private:
	std::mutex lock;
	std::condition_variable changed;
	std::deque<Descriptor> waiting;
	bool closed = false;
};

void send_all(int fd, const std::string &data)
{
	for (size_t at = 0; at < data.size();) {
		const ssize_t n = send(fd, data.data() + at, data.size() - at, MSG_NOSIGNAL);

		if (n < 0)
			fail("send");
		at += static_cast<size_t>(n);
	}
}

// Up to 64 KB; nothing at the end of file.
std::string receive(int fd)
{
	std::string data(65536, '\0');
	const ssize_t n = recv(fd, data.data(), data.size(), 0);

	if (n < 0)
		fail("recv");
	data.resize(static_cast<size_t>(n));
	return data;
}

void answer(int fd, std::string request, const std::string &directory)
{
	while (request.find("\r\n\r\n") == std::string::npos) {
		const std::string more = receive(fd);

		if (more.empty())
			return;
		request += more;
	}
	const std::string name = request.substr(5, request.find_first_of(" ?", 5) - 5);
	std::ifstream file(directory + "/" + name, std::ios::binary);

	if (name.find('/') != std::string::npos || !file) {
		send_all(fd, "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n");
		return;
	}
	const std::string body((std::istreambuf_iterator<char>(file)), {});
	send_all(fd,
		 "HTTP/1.0 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
	send_all(fd, body);
}

void serve(int fd, const std::string &directory)
{
	std::string data;
	const std::string get = "GET /";

	// Short first pieces may still become a request.
	while (data.size() < get.size() && data == get.substr(0, data.size())) {
		const std::string more = receive(fd);

		if (more.empty())
			break;
		data += more;
	}
	if (data.compare(0, get.size(), get) == 0) {
		answer(fd, data, directory);
		return;
	}
	for (; !data.empty(); data = receive(fd))
		send_all(fd, data);
}

Descriptor listener(const char *address, const char *port)
{
	addrinfo hints = {}, *found = nullptr;
	const int one = 1;

	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
	if (getaddrinfo(address, port, &hints, &found) != 0)
		throw std::runtime_error("bad address or port");
	Descriptor fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	const bool good = fd.get() >= 0 &&
			  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
			  bind(fd.get(), found->ai_addr, found->ai_addrlen) == 0 &&
			  listen(fd.get(), 256) == 0;
	const int error = errno;

	freeaddrinfo(found);
	errno = error;
	if (!good)
		fail("listen");
	return fd;
}

void accept_until_told(int fd, const sigset_t &open, Queue &queue)
{
	while (!ending) {
		pollfd wait = {fd, POLLIN, 0};

		if (ppoll(&wait, 1, nullptr, &open) < 0) {
			if (errno != EINTR)
				fail("ppoll");
			continue;
		}
		Descriptor connection(accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
		if (connection.get() >= 0)
			queue.put(std::move(connection));
		else if (errno != EAGAIN && errno != ECONNABORTED)
			fail("accept");
	}
}

int run(char **argv)
{
	const std::string directory = argv[4];
	std::atomic<unsigned int> served{0}, failed{0};
	std::vector<std::thread> workers;
	Queue queue;
	sigset_t blocked, before;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &blocked, &before);
	std::signal(SIGTERM, [](int) { ending = 1; });
	const Descriptor fd = listener(argv[1], argv[2]);

	for (int n = std::stoi(argv[3]); n > 0; n--) {
		workers.emplace_back([&] {
			while (const std::optional<Descriptor> connection = queue.take()) {
				try {
					serve(connection->get(), directory);
					served++;
				} catch (const std::exception &e) {
					std::cerr << "pool: " << e.what() << std::endl;
					failed++;
				}
			}
		});
	}
	std::cout << "ready" << std::endl;
	accept_until_told(fd.get(), before, queue);
	queue.finish();
	for (std::thread &worker : workers)
		worker.join();
	std::cout << "served " << served << ", failed " << failed << std::endl;
	return failed != 0;
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 5) {
		std::cerr << "usage: pool ADDRESS PORT THREADS DIRECTORY" << std::endl;
		return 2;
	}
	try {
		return run(argv);
	} catch (const std::exception &e) {
		std::cerr << "pool: " << e.what() << std::endl;
		return 1;
	}
}
