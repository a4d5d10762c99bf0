#include "server/byte_stream.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace alcove::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Of what a client has sent and nobody will read, so much is taken before closing: bytes left in
// the socket would make the kernel reset the connection and our last words with it.
constexpr std::size_t kDrainBytesMax = 256 * 1024;

// What is to be done after `error`; where there is none, `otherwise`.
ByteStream::Next next_after(const error_code& error, ByteStream::Next when_full,
                            ByteStream::Next otherwise) {
  if (!error) return otherwise;
  if (error == asio::error::would_block || error == asio::error::try_again) return when_full;
  if (error == asio::error::interrupted) return ByteStream::Next::kGoOn;
  return ByteStream::Next::kClosed;
}

}  // namespace

ByteStream::ByteStream(Socket socket) : socket_(std::move(socket)) {}

// What filled less than the room was all that the kernel had.
ByteStream::Transfer ByteStream::read(std::span<char> room) {
  if (tls_) return tls_->read(room);
  error_code error;
  const std::size_t bytes = socket_.read_some(asio::buffer(room.data(), room.size()), error);
  const Next next = bytes == room.size() ? Next::kGoOn : Next::kWaitReadable;
  return {bytes, next_after(error, Next::kWaitReadable, next)};
}

ByteStream::Transfer ByteStream::write(std::string_view bytes) {
  if (tls_) return tls_->write(bytes);
  error_code error;
  const std::size_t written = socket_.write_some(asio::buffer(bytes), error);
  return {written, next_after(error, Next::kWaitWritable, Next::kGoOn)};
}

ByteStream::Next ByteStream::peek(char& byte) {
  error_code error;
  socket_.receive(asio::buffer(&byte, 1), Socket::message_peek, error);
  return next_after(error, Next::kWaitReadable, Next::kGoOn);
}

void ByteStream::start_tls(std::shared_ptr<const TlsContext> context) {
  tls_ = std::make_unique<TlsChannel>(std::move(context), socket_.native_handle());
}

std::string_view ByteStream::tls_server_end_point() const {
  return tls_ ? std::string_view(tls_->context().server_end_point()) : std::string_view();
}

void ByteStream::close() {
  if (tls_) tls_->say_goodbye();
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  char drain[4096];
  std::size_t drained = 0;
  error_code error;
  while (!error && drained < kDrainBytesMax) {
    drained += socket_.read_some(asio::buffer(drain), error);
  }
  socket_.close(ignored);
}

}  // namespace alcove::server
